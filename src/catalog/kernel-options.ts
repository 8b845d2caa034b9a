import type { KernelUser } from './kernel-floors.ts'

export interface KernelOptionWant {
  /** Without `CONFIG_`. The first name is shown; any of them will do. */
  readonly names: readonly string[]
  readonly user: KernelUser
  readonly why: string
}

/**
 * Options kubeadm's own SystemVerification asks of a kernel with control groups version 2, what the rules of kube-proxy's mode
 * nftables are made of (k8s.io/kubernetes v1.36.3, pkg/proxy/nftables/proxier.go), and what Cilium's programs need.
 * Sources: k8s.io/system-validators v1.12.1, validators/types_unix.go; docs.cilium.io, system requirements.
 */
export const KERNEL_OPTIONS: readonly KernelOptionWant[] = [
  ...wanted('kubernetes', 'containers are made of namespaces', ['NAMESPACES', 'NET_NS', 'PID_NS', 'IPC_NS', 'UTS_NS']),
  ...wanted('kubernetes', 'control groups', ['CGROUPS', 'MEMCG', 'CGROUP_PIDS', 'CGROUP_SCHED', 'FAIR_GROUP_SCHED']),
  ...wanted('kubernetes', 'pods are pinned to processors with it', ['CPUSETS']),
  ...wanted('kubernetes', 'access of pods to devices is controlled with it', ['CGROUP_BPF']),
  ...wanted('kubernetes', 'network and /proc', ['INET', 'PROC_FS']),
  ...wanted('kubernetes', 'file system most images expect', ['EXT4_FS']),
  { names: ['NETFILTER_XT_TARGET_REDIRECT', 'IP_NF_TARGET_REDIRECT'], user: 'kubernetes', why: 'services' },
  ...wanted('kubernetes', 'services', ['NETFILTER_XT_MATCH_COMMENT']),
  ...wanted('kube-proxy nftables', 'services', ['NF_TABLES', 'NF_TABLES_IPV4', 'NFT_CT', 'NFT_NAT', 'NFT_MASQ']),
  ...wanted('kube-proxy nftables', 'connections are spread over pods with it', ['NFT_NUMGEN']),
  ...wanted('kube-proxy nftables', 'node ports', ['NFT_FIB_IPV4']),
  ...wanted('kube-proxy nftables', 'services without a pod say so', ['NFT_REJECT']),
  ...wanted('cilium', 'its programs run in the kernel', ['BPF', 'BPF_SYSCALL', 'BPF_JIT', 'CGROUP_BPF', 'PERF_EVENTS']),
  ...wanted('cilium', 'its programs hang on network cards', ['NET_CLS_BPF', 'NET_CLS_ACT', 'NET_SCH_INGRESS']),
  ...wanted('cilium', 'it routes by rules', ['FIB_RULES']),
]

function wanted(user: KernelUser, why: string, names: readonly string[]): readonly KernelOptionWant[] {
  return names.map((name) => ({ names: [name], user, why }))
}

export function kernelOptions(users: readonly KernelUser[]): readonly KernelOptionWant[] {
  return KERNEL_OPTIONS.filter(({ user }) => users.includes(user))
}

/** The option that builds a module: the way to know of a module in a kernel that has no list of its modules. */
export const OPTION_OF_MODULE: Readonly<Record<string, string>> = {
  overlay: 'OVERLAY_FS',
  br_netfilter: 'BRIDGE_NETFILTER',
  nf_conntrack: 'NF_CONNTRACK',
  nf_conntrack_ipv4: 'NF_CONNTRACK_IPV4',
  vxlan: 'VXLAN',
  wireguard: 'WIREGUARD',
  geneve: 'GENEVE',
  ipip: 'NET_IPIP',
  nf_tables: 'NF_TABLES',
  nft_compat: 'NFT_COMPAT',
  ip_tables: 'IP_NF_IPTABLES',
  ip_set: 'IP_SET',
  xt_set: 'NETFILTER_XT_SET',
  xt_mark: 'NETFILTER_XT_MARK',
  xt_comment: 'NETFILTER_XT_MATCH_COMMENT',
  ip_set_hash_ip: 'IP_SET_HASH_IP',
  ip_set_hash_net: 'IP_SET_HASH_NET',
  dummy: 'DUMMY',
  ip_vs: 'IP_VS',
  ...Object.fromEntries(
    ['rr', 'wrr', 'lc', 'wlc', 'lblc', 'lblcr', 'sh', 'dh', 'sed', 'nq', 'mh', 'fo', 'ovf'].map((name) => [
      `ip_vs_${name}`,
      `IP_VS_${name.toUpperCase()}`,
    ]),
  ),
}

/** First minor version of Kubernetes whose kubelet refuses control groups version 1. Source: KEP-5573. */
export const CGROUP_V2_SINCE_MINOR = 35
