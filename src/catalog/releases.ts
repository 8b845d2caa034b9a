/**
 * The versions a cluster is made of unless its inventory says otherwise, and what is bound to them. `date` is the tag's own
 * (module proxy, `.info`). Image tags are the ones `kubeadm config images list --kubernetes-version v1.36.3` prints.
 */
export const RELEASES = {
  kubernetes: { version: 'v1.36.3', date: '2026-07-22T18:07:38Z' },
  containerd: { version: 'v2.3.7' },
  runc: { version: 'v1.4.3' },
  cniPlugins: { version: 'v1.9.1' },
  crictl: { version: 'v1.36.0' },
  etcd: { version: 'v3.6.8' },
  coredns: { version: 'v1.14.2' },
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
} as const

/** What kubeadm wants for `RELEASES.kubernetes.version`. */
export const CONTROL_PLANE_IMAGES = {
  'kube-apiserver': 'registry.k8s.io/kube-apiserver:v1.36.3',
  'kube-controller-manager': 'registry.k8s.io/kube-controller-manager:v1.36.3',
  'kube-scheduler': 'registry.k8s.io/kube-scheduler:v1.36.3',
  'kube-proxy': 'registry.k8s.io/kube-proxy:v1.36.3',
  coredns: 'registry.k8s.io/coredns/coredns:v1.14.2',
  pause: 'registry.k8s.io/pause:3.10.2',
  etcd: 'registry.k8s.io/etcd:3.6.8-0',
} as const

/** Those of them that a worker may be asked to run; CoreDNS goes wherever there is room. */
export const WORKER_IMAGES = {
  'kube-proxy': CONTROL_PLANE_IMAGES['kube-proxy'],
  coredns: CONTROL_PLANE_IMAGES.coredns,
  pause: CONTROL_PLANE_IMAGES.pause,
} as const
