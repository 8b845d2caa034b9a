/**
 * What a user-mode Linux kernel needs beyond `make ARCH=um defconfig` to be a Kubernetes node, as facts of Linux 7.2's
 * Kconfig. Grouped by the part of the node that asks for it; names without `CONFIG_`.
 *
 * SMP stays off: the tap transport panics with it. CPUSETS depends on SMP and HUGETLBFS on an architecture that has huge
 * pages, so neither can be had. HOSTFS is off on purpose: root in a lab machine shall not see the files outside it.
 */
const BUILT_IN: Readonly<Record<string, string>> = {
  systemd: `DEVTMPFS DEVTMPFS_MOUNT CGROUPS INOTIFY_USER FHANDLE AUTOFS_FS BINFMT_MISC SYSCTL PROC_SYSCTL SECCOMP
    SECCOMP_FILTER TMPFS TMPFS_XATTR TMPFS_POSIX_ACL UNIX PACKET CRYPTO_USER_API_HASH KEYS POSIX_MQUEUE PSI`,
  cgroups: `MEMCG CGROUP_PIDS CGROUP_DEVICE CGROUP_BPF CGROUP_FREEZER CGROUP_SCHED CFS_BANDWIDTH FAIR_GROUP_SCHED
    BLK_CGROUP BPF_SYSCALL`,
  containers: 'NAMESPACES USER_NS PID_NS NET_NS UTS_NS IPC_NS FUSE_FS',
  disks: 'EXT4_FS EXT4_FS_POSIX_ACL EXT4_FS_SECURITY BLK_DEV_UBD BLK_DEV_LOOP SWAP MD',
  kernel: 'MODULES MODULE_UNLOAD IKCONFIG IKCONFIG_PROC DEBUG_INFO_NONE',
  addresses: `INET IPV6 SYN_COOKIES TCP_CONG_ADVANCED IP_MULTICAST IP_ADVANCED_ROUTER IP_MULTIPLE_TABLES IP_ROUTE_MULTIPATH
    IPV6_MULTIPLE_TABLES UML_NET_VECTOR VLAN_8021Q VETH TUN MACVLAN IPVLAN XFRM_USER INET_ESP`,
  shaping: `NET_SCHED NET_CLS_ACT NET_CLS_BPF NET_ACT_BPF NET_SCH_NETEM NET_SCH_INGRESS NET_SCH_HTB NET_SCH_FQ
    NET_SCH_FQ_CODEL`,
  netfilter: `NETFILTER NETFILTER_ADVANCED NETFILTER_XTABLES NETFILTER_NETLINK_QUEUE NETFILTER_NETLINK_LOG NF_TABLES
    NF_TABLES_INET NF_TABLES_IPV4 NF_TABLES_IPV6 NFT_REJECT NFT_COMPAT NFT_FIB_IPV4 NFT_FIB_IPV6 NFT_FIB_INET NFT_LIMIT
    NFT_LOG NFT_HASH NFT_NUMGEN IP_NF_IPTABLES IP_NF_TARGET_REJECT IP_NF_MATCH_RPFILTER IP6_NF_IPTABLES`,
  matches: `NETFILTER_XT_SET NETFILTER_XT_MATCH_COMMENT NETFILTER_XT_MATCH_ADDRTYPE NETFILTER_XT_MATCH_MARK
    NETFILTER_XT_MATCH_MULTIPORT NETFILTER_XT_MATCH_STATISTIC NETFILTER_XT_MATCH_RECENT NETFILTER_XT_MATCH_LIMIT
    NETFILTER_XT_MATCH_HASHLIMIT NETFILTER_XT_MATCH_OWNER NETFILTER_XT_MATCH_BPF NETFILTER_XT_MARK
    NETFILTER_XT_TARGET_TCPMSS NETFILTER_XT_TARGET_LOG NETFILTER_XT_TARGET_NFLOG`,
  sets: `IP_SET IP_SET_HASH_IP IP_SET_HASH_NET IP_SET_HASH_IPPORT IP_SET_HASH_IPPORTIP IP_SET_HASH_IPPORTNET
    IP_SET_HASH_NETPORT IP_SET_BITMAP_PORT IP_SET_LIST_SET`,
  ipvs: 'IP_VS_IPV6 IP_VS_PROTO_TCP IP_VS_PROTO_UDP IP_VS_PROTO_SCTP IP_VS_NFCT',
}

/** Loadable, because a bare machine has them so and the engine must be seen to load them; the rest depends on those. */
const MODULES: Readonly<Record<string, string>> = {
  kubernetes:
    'BRIDGE BRIDGE_NETFILTER OVERLAY_FS NF_CONNTRACK VXLAN DUMMY WIREGUARD GENEVE NET_IPIP TCP_CONG_BBR INET_DIAG',
  ipvs: 'IP_VS IP_VS_RR IP_VS_WRR IP_VS_LC IP_VS_WLC IP_VS_SH IP_VS_DH IP_VS_SED IP_VS_NQ',
  conntrack: `NF_CT_NETLINK NF_NAT NFT_NAT NFT_MASQ NFT_REDIR NFT_CT NETFILTER_XT_MATCH_CONNTRACK NETFILTER_XT_CONNMARK
    NETFILTER_XT_MATCH_STATE NETFILTER_XT_MATCH_PHYSDEV NETFILTER_XT_MATCH_IPVS NETFILTER_XT_TARGET_MASQUERADE
    NETFILTER_XT_NAT NETFILTER_XT_TARGET_REDIRECT NETFILTER_XT_TARGET_CT`,
  faults: 'BLK_DEV_DM DM_FLAKEY DM_DELAY',
}

const OFF: Readonly<Record<string, string>> = {
  speed: 'SMP SOUND BTRFS_FS',
  isolation: 'HOSTFS',
}

export type OptionState = 'y' | 'm' | 'n'

/** Every option with the state it must have in the finished `.config`. */
export const KERNEL_OPTIONS: ReadonlyMap<string, OptionState> = new Map([
  ...entries(BUILT_IN, 'y'),
  ...entries(MODULES, 'm'),
  ...entries(OFF, 'n'),
])

function entries(groups: Readonly<Record<string, string>>, state: OptionState): [string, OptionState][] {
  return Object.values(groups)
    .flatMap((names) => names.split(/\s+/))
    .map((name) => [name, state])
}

/** Lines to append to `.config` before `make olddefconfig`: the last word on an option wins there. */
export function configLines(options: ReadonlyMap<string, OptionState>): string {
  const line = (name: string, state: OptionState) =>
    state === 'n' ? `# CONFIG_${name} is not set\n` : `CONFIG_${name}=${state}\n`
  return [...options].map(([name, state]) => line(name, state)).join('')
}

/** Options whose state in a finished `.config` is not the wanted one, as `NAME: wanted m, is y`. */
export function unmetOptions(options: ReadonlyMap<string, OptionState>, config: string): string[] {
  const have = new Map<string, string>()
  for (const [, name, state] of config.matchAll(/^CONFIG_([A-Z0-9_]+)=([ym])$/gm)) have.set(name ?? '', state ?? '')
  return [...options]
    .filter(([name, state]) => (have.get(name) ?? 'n') !== state)
    .map(([name, state]) => `${name}: wanted ${state}, is ${have.get(name) ?? 'n'}`)
}
