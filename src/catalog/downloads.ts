import type { Download } from './download.ts'
import { ENTRY_MANIFESTS } from './entry-downloads.ts'
import { CALICO, CILIUM, HELM } from './network-releases.ts'
import { RELEASES, type Releases } from './releases.ts'

export type { Download } from './download.ts'

type Digests = Readonly<Record<'amd64' | 'arm64', string>>

const KUBERNETES: Readonly<Record<string, Readonly<Record<'kubeadm' | 'kubelet' | 'kubectl', Digests>>>> = {
  'v1.36.3': {
    kubeadm: {
      amd64: 'bba1733c701bf70ec74ba1cc3fd5745404c1134a8a4b0a5f8560cc9832023421',
      arm64: '276cfbdc43b10fef663288cc1ed76abf77b1b7f700e9f1c053cb5dc3115484de',
    },
    kubelet: {
      amd64: '46707a53209f826ad0f0d62371ac69cd00e78fd9a8176cf5f6f87f18f7f8b718',
      arm64: '57205a5daf5883873d87b4914e1e00bdd7707acd075714788cfb0fc1f60bc414',
    },
    kubectl: {
      amd64: 'ebbd080e7c2e275093b55915722043257eb24004363e20acb3c4d71919f88336',
      arm64: '3d86f24401c41ae5a46ac50eef8865fe891d3647d324a0836f6c63757a126e62',
    },
  },
  'v1.36.1': {
    kubeadm: {
      amd64: 'f35980333a4dae753807345ae359eca03f48f9945855e6a6a6708fe8b3b24038',
      arm64: '82fa5119d6687f721cd80cb278bac08f54cc5d3fd0320c66cef9394d42e153a9',
    },
    kubelet: {
      amd64: '7efa1780c73d9fb3a464002864e582eb2d15aa691e475eaae323093d08feae14',
      arm64: 'bf274dd3affbf2543d20465dee1f763f668f78c6fbd56197794f81337a49d687',
    },
    kubectl: {
      amd64: '629d3f410e09bf49b64ae7079f7f0bda1191efed311f7d37fdbab0ad5b0ec2b7',
      arm64: '59f7ee8e477fae658447607dc3c8790ac17a1b016c01c622c12070e969e2d4e7',
    },
  },
  'v1.35.4': {
    kubeadm: {
      amd64: '0c0497da793f8897c14e45340da919534b615294a1aab69dc1998896c0f11145',
      arm64: 'e8f6b5bee3e2c8b5965f4ae65c2ae04e3f9f426d2458a1e2f159e824d419d92c',
    },
    kubelet: {
      amd64: '983a6ba5a49823dcdd745c674e5e2416377dd27d6ad1b42d2befa0fb961a19f6',
      arm64: 'd710eef03bb4ad164bb77af9be5b11b44f874e2fc08153c7d383420d685f73e8',
    },
    kubectl: {
      amd64: 'b529430df69a688fd61b64ad2299edb5fd71cb58be2a4779dba624c7d3510efd',
      arm64: '6a5a4cc4e396d7626a7a693a3044b51c75520f81db30fe6816c2554e53be336f',
    },
  },
}

/** The newest release whose digests were published when they were collected; the lab compiles a newer patch of the same line. */
const CONTAINERD = 'v2.3.4'

const DIGESTS = {
  containerd: {
    amd64: '9d68969855fbf676cdb8ed758e420fb048d61f984f61de3e53eddfebe484d168',
    arm64: 'a985fbb7e18fc0362d31a055338f5d7b0e087a3e27f14c70d1c5965399a29f95',
  },
  runc: {
    amd64: 'f6ae8efc0fa40079e1475e97cbe9d1bd3f106a28d6af78a11d9f1bd565515e60',
    arm64: '633301e2e32f8a5ad54031aab4901eb00308bec677dd15faa2751e8f9dab5ca4',
  },
  cniPlugins: {
    amd64: 'b98f74a0f8522f0a83867178729c1aa70f2158f90c45a2ca8fa791db1c76b303',
    arm64: '56171987d3947707c3563db2f4001bccaf50fd63468611b9f3cbecb1375ee7ec',
  },
  crictl: {
    amd64: '83855e114566a8a8c44c548d515670f51de3a5e1da8b2effb59870e2f10c25a3',
    arm64: '68328594ccf780a80ae2b092d9f6ce484eec7cf540c275242e8fd954bfd95332',
  },
} as const satisfies Record<string, Digests>

function kubernetesPrograms(version: string, arch: 'amd64' | 'arm64'): readonly Download[] {
  const digests = KUBERNETES[version]
  if (digests === undefined) return []
  return (['kubeadm', 'kubelet', 'kubectl'] as const).map((name) => ({
    holds: { [name]: name },
    version,
    arch,
    format: 'binary',
    path: `dl.k8s.io/release/${version}/bin/linux/${arch}/${name}`,
    sha256: digests[name][arch],
    licence: 'Apache-2.0',
  }))
}

function runtimePrograms(arch: 'amd64' | 'arm64'): readonly Download[] {
  const { runc, cniPlugins, crictl } = RELEASES
  const common = { arch, licence: 'Apache-2.0' }
  return [
    {
      ...common,
      holds: Object.fromEntries(['containerd', 'containerd-shim-runc-v2', 'ctr'].map((name) => [name, `bin/${name}`])),
      version: CONTAINERD,
      format: 'tar.gz',
      path: `${github('containerd/containerd', CONTAINERD)}/containerd-${CONTAINERD.slice(1)}-linux-${arch}.tar.gz`,
      sha256: DIGESTS.containerd[arch],
    },
    {
      ...common,
      holds: { runc: 'runc' },
      version: runc.version,
      format: 'binary',
      path: `${github('opencontainers/runc', runc.version)}/runc.${arch}`,
      sha256: DIGESTS.runc[arch],
    },
    {
      ...common,
      holds: Object.fromEntries(['bridge', 'host-local', 'loopback', 'portmap'].map((name) => [`cni/${name}`, name])),
      version: cniPlugins.version,
      format: 'tar.gz',
      path: `${github('containernetworking/plugins', cniPlugins.version)}/cni-plugins-linux-${arch}-${cniPlugins.version}.tgz`,
      sha256: DIGESTS.cniPlugins[arch],
    },
    {
      ...common,
      holds: { crictl: 'crictl' },
      version: crictl.version,
      format: 'tar.gz',
      path: `${github('kubernetes-sigs/cri-tools', crictl.version)}/crictl-${crictl.version}-linux-${arch}.tar.gz`,
      sha256: DIGESTS.crictl[arch],
    },
  ]
}

function github(repository: string, version: string): string {
  return `github.com/${repository}/releases/download/${version}`
}

const FLANNEL_MANIFEST: Download = {
  holds: { 'kube-flannel.yml': 'kube-flannel.yml' },
  version: RELEASES.flannel.version,
  arch: 'any',
  format: 'text',
  path: `${github('flannel-io/flannel', RELEASES.flannel.version)}/kube-flannel.yml`,
  sha256: RELEASES.flannel.manifestSha256,
  licence: 'Apache-2.0',
}

const METALLB_MANIFEST: Download = {
  holds: { 'metallb-native.yaml': 'metallb-native.yaml' },
  version: RELEASES.metallb.version,
  arch: 'any',
  format: 'text',
  path: `raw.githubusercontent.com/metallb/metallb/${RELEASES.metallb.version}/config/manifests/metallb-native.yaml`,
  sha256: RELEASES.metallb.manifestSha256,
  licence: 'Apache-2.0',
}

const CALICO_MANIFESTS: readonly Download[] = Object.entries(CALICO.manifests).map(([name, sha256]) => ({
  holds: { [name]: name },
  version: CALICO.version,
  arch: 'any',
  format: 'text',
  path: `raw.githubusercontent.com/projectcalico/calico/${CALICO.version}/manifests/${name}`,
  sha256,
  licence: 'Apache-2.0',
}))

const CILIUM_CHART: Download = {
  holds: { [CILIUM.chart.name]: CILIUM.chart.name },
  version: CILIUM.version,
  arch: 'any',
  format: 'binary',
  path: `helm.cilium.io/${CILIUM.chart.name}`,
  sha256: CILIUM.chart.sha256,
  licence: 'Apache-2.0',
}

const HELM_PROGRAMS: readonly Download[] = (['amd64', 'arm64'] as const).map((arch) => ({
  holds: { helm: `linux-${arch}/helm` },
  version: HELM.released.version,
  arch,
  format: 'tar.gz',
  path: `get.helm.sh/helm-${HELM.released.version}-linux-${arch}.tar.gz`,
  sha256: HELM.released.sha256[arch],
  licence: 'Apache-2.0',
}))

/** What a cluster of these versions is made of. */
export function downloadsFor({ kubernetes }: Releases): readonly Download[] {
  const both = (['amd64', 'arm64'] as const).flatMap((arch) => [
    ...kubernetesPrograms(kubernetes.version, arch),
    ...runtimePrograms(arch),
  ])
  return [
    ...both,
    FLANNEL_MANIFEST,
    METALLB_MANIFEST,
    ...CALICO_MANIFESTS,
    CILIUM_CHART,
    ...HELM_PROGRAMS,
    ...ENTRY_MANIFESTS,
  ]
}

/** For the newest version of Kubernetes. */
export const DOWNLOADS: readonly Download[] = downloadsFor(RELEASES)
