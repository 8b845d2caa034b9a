import { type ControlPlaneImage, controlPlaneImages, RELEASES, type Releases } from '../../catalog/releases.ts'
import { type EntryWanted, entryRecipes } from './entry-recipes.ts'
import { corednsProgram, etcdPrograms, kubernetesControlPlane, kubernetesNode } from './kubernetes-recipes.ts'
import type { GoRecipe, ImageRecipe, ManifestRecipe, OwnGoRecipe, Recipe, RootRecipe } from './recipe.ts'

/** What the runtime needs: the same for every version of Kubernetes. */
const runtimeParts: readonly GoRecipe[] = [
  {
    kind: 'go',
    name: 'runc',
    title: `runc ${RELEASES.runc.version}`,
    licence: 'Apache-2.0 AND LGPL-2.1-only',
    debianPackages: ['gcc', 'libc6-dev', 'libseccomp-dev', 'pkg-config'],
    modules: [{ path: 'github.com/opencontainers/runc', version: RELEASES.runc.version }],
    cgo: true,
    tags: ['seccomp', 'netgo', 'osusergo', 'urfave_cli_no_docs'],
    programs: [{ package: 'github.com/opencontainers/runc', artifact: 'runc' }],
  },
  {
    kind: 'go',
    name: 'cni-plugins',
    title: `CNI plugins ${RELEASES.cniPlugins.version}`,
    licence: 'Apache-2.0',
    modules: [{ path: 'github.com/containernetworking/plugins', version: RELEASES.cniPlugins.version }],
    cgo: false,
    defines: {
      'github.com/containernetworking/plugins/pkg/utils/buildversion.BuildVersion': RELEASES.cniPlugins.version,
    },
    programs: ['main/bridge', 'main/loopback', 'ipam/host-local', 'meta/portmap'].map((folder) => ({
      package: `github.com/containernetworking/plugins/plugins/${folder}`,
      artifact: `cni/${folder.replace(/^.*\//, '')}`,
    })),
  },
  {
    kind: 'go',
    name: 'containerd',
    title: `containerd ${RELEASES.containerd.version}`,
    licence: 'Apache-2.0',
    modules: [{ path: 'github.com/containerd/containerd/v2', version: RELEASES.containerd.version }],
    cgo: false,
    tags: ['netgo', 'osusergo', 'static_build'],
    defines: { 'github.com/containerd/containerd/v2/version.Version': RELEASES.containerd.version },
    programs: ['containerd', 'containerd-shim-runc-v2', 'ctr'].map((name) => ({
      package: `github.com/containerd/containerd/v2/cmd/${name}`,
      artifact: name,
    })),
  },
  {
    kind: 'go',
    name: 'crictl',
    title: `crictl ${RELEASES.crictl.version}`,
    licence: 'Apache-2.0',
    modules: [{ path: 'sigs.k8s.io/cri-tools', version: RELEASES.crictl.version }],
    cgo: false,
    defines: { 'sigs.k8s.io/cri-tools/pkg/version.Version': RELEASES.crictl.version },
    programs: [{ package: 'sigs.k8s.io/cri-tools/cmd/crictl', artifact: 'crictl' }],
  },
]

const flannelPrograms: GoRecipe = {
  kind: 'go',
  name: 'flannel-programs',
  title: `Flannel ${RELEASES.flannel.version}`,
  licence: 'Apache-2.0',
  debianPackages: ['gcc', 'libc6-dev'],
  modules: [{ path: 'github.com/flannel-io/flannel', version: RELEASES.flannel.version }],
  replaces: [
    { path: 'github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common', version: 'v1.3.210' },
    { path: 'github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/vpc', version: 'v1.3.75' },
  ],
  cgo: true,
  defines: { 'github.com/flannel-io/flannel/pkg/version.Version': RELEASES.flannel.version },
  programs: [
    { package: 'github.com/flannel-io/flannel', as: 'flanneld' },
    { package: 'github.com/flannel-io/flannel/cmd/install_conf', as: 'install-conf' },
  ],
}

const metallbPrograms: GoRecipe = {
  kind: 'go',
  name: 'metallb-programs',
  title: `MetalLB ${RELEASES.metallb.version}`,
  licence: 'Apache-2.0',
  modules: [{ path: 'go.universe.tf/metallb', version: RELEASES.metallb.version }],
  cgo: false,
  programs: [
    { package: 'go.universe.tf/metallb/controller', as: 'controller' },
    { package: 'go.universe.tf/metallb/speaker', as: 'speaker' },
  ],
}

const ownPrograms: OwnGoRecipe = {
  kind: 'own',
  name: 'own-programs',
  title: 'pause, echo, copy and the stand-in for the Flannel plugin',
  licence: 'Apache-2.0',
  programs: ['pause', 'echo', 'copy', 'flannel-cni'],
}

const root: RootRecipe = {
  kind: 'root',
  name: 'image-root',
  title: 'Debian base of the images that call iptables',
  licence: 'GPL-2.0-or-later AND LGPL-2.1-or-later AND BSD-3-Clause AND MIT',
  debianPackages: ['mmdebstrap'],
  suite: 'trixie',
  packages: ['conntrack', 'ipset', 'iptables', 'kmod', 'nftables'],
}

function image(
  name: string,
  reference: string,
  parts: Pick<ImageRecipe, 'files' | 'builtFrom'> & Partial<ImageRecipe>,
): ImageRecipe {
  return { kind: 'image', name, title: `image ${reference}`, reference, licence: 'Apache-2.0', ...parts }
}

function kubernetesImage(releases: Releases, name: ControlPlaneImage & `kube-${string}`, base?: string): ImageRecipe {
  return image(name, controlPlaneImages(releases)[name], {
    files: [{ part: 'kubernetes-control-plane', file: name, to: `/usr/local/bin/${name}` }],
    builtFrom: `k8s.io/kubernetes ${releases.kubernetes.version}${base === undefined ? '' : ` on Debian ${root.suite}`}`,
    ...(base === undefined ? {} : { base, licence: `Apache-2.0 AND ${root.licence}` }),
  })
}

function kubernetesImages(releases: Releases): readonly ImageRecipe[] {
  const tags = controlPlaneImages(releases)
  return [
    image('pause', tags.pause, {
      files: [{ part: 'own-programs', file: 'pause', to: '/pause' }],
      entrypoint: ['/pause'],
      builtFrom: 'our own program, not the release',
    }),
    image('etcd', tags.etcd, {
      files: ['etcd', 'etcdctl', 'etcdutl'].map((file) => ({
        part: 'etcd-programs',
        file,
        to: `/usr/local/bin/${file}`,
      })),
      builtFrom: `go.etcd.io/etcd/server/v3 ${releases.etcd.version}`,
    }),
    kubernetesImage(releases, 'kube-apiserver'),
    kubernetesImage(releases, 'kube-controller-manager'),
    kubernetesImage(releases, 'kube-scheduler'),
    kubernetesImage(releases, 'kube-proxy', root.name),
    image('coredns', tags.coredns, {
      files: [{ part: 'coredns-program', file: 'coredns', to: '/coredns' }],
      entrypoint: ['/coredns'],
      builtFrom: `github.com/coredns/coredns ${releases.coredns.version}`,
    }),
  ]
}

const otherImages: readonly ImageRecipe[] = [
  image('flannel', RELEASES.flannel.images.flannel, {
    base: root.name,
    licence: `Apache-2.0 AND ${root.licence}`,
    files: ['flanneld', 'install-conf'].map((file) => ({ part: 'flannel-programs', file, to: `/opt/bin/${file}` })),
    entrypoint: ['/opt/bin/flanneld'],
    builtFrom: `github.com/flannel-io/flannel ${RELEASES.flannel.version} on Debian ${root.suite}`,
  }),
  image('flannel-cni-plugin', RELEASES.flannel.images['flannel-cni-plugin'], {
    // The manifest's init container runs `cp -f /flannel /opt/cni/bin/flannel`.
    files: [
      { part: 'own-programs', file: 'flannel-cni', to: '/flannel' },
      { part: 'own-programs', file: 'copy', to: '/bin/cp' },
    ],
    builtFrom: 'our own stand-in, not the release: its source is not published as a module',
  }),
  ...(['controller', 'speaker'] as const).map((name) =>
    image(`metallb-${name}`, RELEASES.metallb.images[`metallb-${name}`], {
      files: [{ part: 'metallb-programs', file: name, to: `/${name}` }],
      entrypoint: [`/${name}`],
      builtFrom: `go.universe.tf/metallb ${RELEASES.metallb.version}`,
    }),
  ),
  image('echo', 'provision.local/echo:1', {
    files: [{ part: 'own-programs', file: 'echo', to: '/echo' }],
    entrypoint: ['/echo'],
    builtFrom: 'our own program',
  }),
]

const flannelManifest: ManifestRecipe = {
  kind: 'manifest',
  name: 'flannel-manifest',
  title: `Flannel's manifest ${RELEASES.flannel.version}`,
  licence: 'Apache-2.0',
  module: { path: 'github.com/flannel-io/flannel', version: RELEASES.flannel.version },
  file: 'Documentation/kube-flannel.yml',
  sha256: RELEASES.flannel.manifestSha256,
  artifact: 'kube-flannel.yml',
}

const metallbManifest: ManifestRecipe = {
  kind: 'manifest',
  name: 'metallb-manifest',
  title: `MetalLB's manifest ${RELEASES.metallb.version}`,
  licence: 'Apache-2.0',
  module: { path: 'go.universe.tf/metallb', version: RELEASES.metallb.version },
  file: 'config/manifests/metallb-native.yaml',
  sha256: RELEASES.metallb.manifestSha256,
  artifact: 'metallb-native.yaml',
}

/** All parts, in the order they are wanted: what the runtime needs, then the node, then images. */
export function recipesFor(releases: Releases, wanted: EntryWanted = {}): readonly Recipe[] {
  return [
    ...runtimeParts,
    kubernetesNode(releases),
    ownPrograms,
    flannelManifest,
    metallbManifest,
    root,
    kubernetesControlPlane(releases),
    etcdPrograms(releases),
    corednsProgram(releases),
    flannelPrograms,
    metallbPrograms,
    ...kubernetesImages(releases),
    ...otherImages,
    ...entryRecipes(wanted),
  ]
}

/** For the newest version of Kubernetes. */
export const RECIPES: readonly Recipe[] = recipesFor(RELEASES)
