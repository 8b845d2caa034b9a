import { ENTRY_RELEASES } from './entry-releases.ts'

/** One version of Kubernetes, and what its kubeadm wants (its `cmd/kubeadm/app/constants`). */
export interface KubernetesRelease {
  /** `date` is the tag's own (module proxy, `.info`). */
  readonly kubernetes: { readonly version: string; readonly date: string }
  readonly etcd: { readonly version: string }
  readonly coredns: { readonly version: string }
  readonly pause: { readonly version: string }
}

/** What does not depend on the version of Kubernetes. */
const COMMON = {
  containerd: { version: 'v2.3.7' },
  runc: { version: 'v1.4.3' },
  cniPlugins: { version: 'v1.9.1' },
  crictl: { version: 'v1.36.0' },
  flannel: {
    version: 'v0.28.9',
    /** Of `Documentation/kube-flannel.yml` at the tag, which is also the release's `kube-flannel.yml`. */
    manifestSha256: 'e875824be2f552b45711dbda91af81b17eb961d00025d914d9fef18fad8f09c0',
    /** As the manifest names them. */
    images: {
      flannel: 'ghcr.io/flannel-io/flannel:v0.28.9',
      'flannel-cni-plugin': 'ghcr.io/flannel-io/flannel-cni-plugin:v1.9.1-flannel3',
    },
  },
  /** The first line that installs on Kubernetes 1.36 and newer is 0.16 (its release notes). */
  metallb: {
    version: 'v0.16.1',
    /** Of `config/manifests/metallb-native.yaml` at the tag. */
    manifestSha256: 'bf25feebb7582ca7df845efd52ffbc2960d6cbf4cfc972f47fded9f788b67f0b',
    images: {
      'metallb-controller': 'quay.io/metallb/controller:v0.16.1',
      'metallb-speaker': 'quay.io/metallb/speaker:v0.16.1',
    },
  },
  /** Newest that kops installs (its pull request 18708, 2026-08-17). */
  kubeRouter: {
    version: 'v2.11.1',
    images: { 'kube-router': 'docker.io/cloudnativelabs/kube-router:v2.11.1' },
  },
  ...ENTRY_RELEASES,
} as const

/** Newest first. The first one is what an inventory gets that names none. */
const KUBERNETES_RELEASES = [
  {
    kubernetes: { version: 'v1.36.3', date: '2026-07-22T18:07:38Z' },
    etcd: { version: 'v3.6.8' },
    coredns: { version: 'v1.14.2' },
    pause: { version: '3.10.2' },
  },
  {
    kubernetes: { version: 'v1.36.1', date: '2026-05-12T09:51:33Z' },
    etcd: { version: 'v3.6.8' },
    coredns: { version: 'v1.14.2' },
    pause: { version: '3.10.2' },
  },
  {
    kubernetes: { version: 'v1.35.4', date: '2026-04-15T18:01:22Z' },
    etcd: { version: 'v3.6.6' },
    coredns: { version: 'v1.13.1' },
    pause: { version: '3.10.1' },
  },
] as const satisfies readonly KubernetesRelease[]

/** The versions a cluster is made of. */
export type Releases = KubernetesRelease & typeof COMMON

/** As an inventory writes them, newest first. */
export const KUBERNETES_VERSIONS: readonly string[] = KUBERNETES_RELEASES.map(({ kubernetes }) =>
  kubernetes.version.slice(1),
)

/** What goes with a version of Kubernetes, written as in an inventory: `1.36.3`. Nothing for one that is not known. */
export function releasesFor(version: string): Releases | undefined {
  const found = KUBERNETES_RELEASES.find(({ kubernetes }) => kubernetes.version === `v${version}`)
  return found && { ...COMMON, ...found }
}

/** Of the newest version: what is of interest where no inventory is at hand. */
export const RELEASES: Releases = { ...COMMON, ...KUBERNETES_RELEASES[0] }

export type ControlPlaneImage =
  | 'kube-apiserver'
  | 'kube-controller-manager'
  | 'kube-scheduler'
  | 'kube-proxy'
  | 'coredns'
  | 'pause'
  | 'etcd'

/** Image tags as `kubeadm config images list --kubernetes-version` prints them. */
export function controlPlaneImages(releases: KubernetesRelease): Readonly<Record<ControlPlaneImage, string>> {
  const { kubernetes, coredns, pause, etcd } = releases
  return {
    'kube-apiserver': `registry.k8s.io/kube-apiserver:${kubernetes.version}`,
    'kube-controller-manager': `registry.k8s.io/kube-controller-manager:${kubernetes.version}`,
    'kube-scheduler': `registry.k8s.io/kube-scheduler:${kubernetes.version}`,
    'kube-proxy': `registry.k8s.io/kube-proxy:${kubernetes.version}`,
    coredns: `registry.k8s.io/coredns/coredns:${coredns.version}`,
    pause: `registry.k8s.io/pause:${pause.version}`,
    etcd: `registry.k8s.io/etcd:${etcd.version.slice(1)}-0`,
  }
}

/** Those of them that a worker may be asked to run; CoreDNS goes wherever there is room. */
export function workerImages(
  releases: KubernetesRelease,
): Readonly<Record<'kube-proxy' | 'coredns' | 'pause', string>> {
  const all = controlPlaneImages(releases)
  return { 'kube-proxy': all['kube-proxy'], coredns: all.coredns, pause: all.pause }
}

/** Of the newest version. */
export const CONTROL_PLANE_IMAGES = controlPlaneImages(RELEASES)
export const WORKER_IMAGES = workerImages(RELEASES)
