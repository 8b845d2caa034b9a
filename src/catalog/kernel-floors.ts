/** What may ask for a kernel: a network and its options, a mode of kube-proxy, Kubernetes itself. */
export type KernelUser =
  | 'kubernetes'
  | 'kube-proxy nftables'
  | 'kube-proxy ipvs'
  | 'flannel'
  | 'flannel wireguard'
  | 'calico'
  | 'calico ebpf'
  | 'calico wireguard'
  | 'canal'
  | 'cilium'
  | 'cilium wireguard'
  | 'cilium kube-proxy replacement'
  | 'cilium big tcp ipv6'
  | 'cilium big tcp ipv4'
  | 'cilium netkit'

export interface KernelFloor {
  readonly user: KernelUser
  /** Oldest version, as numbers. */
  readonly version: readonly number[]
  readonly severity: 'required' | 'advised'
  /** What happens below it. */
  readonly reason: string
  readonly source: string
  /** Releases of distributions that carry the same work on an older number. */
  readonly backported?: RegExp
}

/** Kernel versions below which something does not work. Modules and options are probed beside this, never inferred. */
export const KERNEL_FLOORS: readonly KernelFloor[] = [
  {
    user: 'kubernetes',
    version: [5, 4],
    severity: 'required',
    reason: "kubeadm's own check refuses it (SystemVerification)",
    source: 'k8s.io/system-validators v1.12.1, validators/types_unix.go: 5.4, 5.10, 5.15, or any from 6 on',
    backported: /\.el8_/,
  },
  {
    user: 'kubernetes',
    version: [5, 10],
    severity: 'advised',
    reason: 'control groups version 2 work reliably from here on',
    source: 'k8s.io/system-validators v1.12.1, VersionsNote',
    backported: /\.el8_/,
  },
  {
    user: 'kube-proxy nftables',
    version: [5, 13],
    severity: 'required',
    reason: 'kube-proxy refuses to start in nftables mode',
    source: 'k8s.io/kubernetes v1.36.3, pkg/util/kernel/constants.go: NFTablesKubeProxyKernelVersion',
  },
  {
    user: 'kube-proxy ipvs',
    version: [5, 9],
    severity: 'advised',
    reason: 'connections that reuse a port stall for a second under load (conn_reuse_mode)',
    source: 'k8s.io/kubernetes v1.36.3, pkg/util/kernel/constants.go: IPVSConnReuseModeFixedKernelVersion',
    backported: /\.el8_/,
  },
  {
    user: 'flannel wireguard',
    version: [5, 6],
    severity: 'required',
    reason: 'WireGuard is part of Linux from here on',
    source: 'kernelnewbies.org Linux_5.6; flannel Documentation/backends.md asks for kernel support',
  },
  {
    user: 'calico',
    version: [5, 10],
    severity: 'required',
    reason: 'older kernels are not supported by Calico',
    source: 'docs.tigera.io, Calico 3.32, system requirements',
  },
  {
    user: 'calico ebpf',
    version: [5, 10],
    severity: 'required',
    reason: 'its eBPF programs are not accepted by older kernels',
    source: 'docs.tigera.io, Calico 3.32, eBPF requirements',
  },
  {
    user: 'calico wireguard',
    version: [5, 6],
    severity: 'required',
    reason: 'WireGuard is part of Linux from here on',
    source: 'kernelnewbies.org Linux_5.6',
  },
  {
    user: 'canal',
    version: [5, 10],
    severity: 'required',
    reason: 'its policies are made by Calico, which does not support older kernels',
    source: 'docs.tigera.io, Calico 3.32, system requirements',
  },
  {
    user: 'cilium',
    version: [5, 10],
    severity: 'required',
    reason: 'the agent refuses to start',
    source: 'cilium/cilium pull request 38308 (since 1.18): 5.10, or the 4.18 of RHEL 8.10',
    backported: /\.el8_(1\d|[2-9]\d)\b/,
  },
  {
    user: 'cilium',
    version: [6, 1],
    severity: 'advised',
    reason: 'Cilium means to ask for it soon',
    source: 'cilium/cilium issue 44201',
  },
  {
    user: 'cilium wireguard',
    version: [5, 6],
    severity: 'required',
    reason: 'WireGuard is part of Linux from here on',
    source: 'docs.cilium.io, system requirements, advanced features',
  },
  {
    user: 'cilium kube-proxy replacement',
    version: [5, 7],
    severity: 'required',
    reason: 'session affinity of services needs it',
    source: 'docs.cilium.io, system requirements, advanced features',
  },
  {
    user: 'cilium big tcp ipv6',
    version: [5, 19],
    severity: 'required',
    reason: 'BIG TCP for IPv6 came with it',
    source: 'docs.cilium.io, system requirements, advanced features',
  },
  {
    user: 'cilium big tcp ipv4',
    version: [6, 3],
    severity: 'required',
    reason: 'BIG TCP for IPv4 came with it',
    source: 'docs.cilium.io, system requirements, advanced features',
  },
  {
    user: 'cilium netkit',
    version: [6, 8],
    severity: 'required',
    reason: 'netkit devices came with it',
    source: 'docs.cilium.io, tuning guide, netkit',
  },
]

/** The floors that hold for what a cluster uses. */
export function kernelFloors(users: readonly KernelUser[]): readonly KernelFloor[] {
  return KERNEL_FLOORS.filter(({ user }) => users.includes(user))
}
