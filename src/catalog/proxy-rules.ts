/** Modes of kube-proxy that put something into the kernel. */
export type ProxyMode = 'ipvs' | 'nftables' | 'iptables'

export interface ProxyChain {
  readonly table: 'nat' | 'filter' | 'mangle'
  /** `*` stands for the sixteen letters and digits of one service or endpoint. */
  readonly name: string
  readonly modes: readonly ProxyMode[]
}

/**
 * Chains of iptables that kube-proxy makes, by mode. The kubelet's own (KUBE-FIREWALL, KUBE-IPTABLES-HINT,
 * KUBE-KUBELET-CANARY) are not among them: it makes them again within a minute, whatever kube-proxy does.
 * Source: k8s.io/kubernetes v1.36.3, pkg/proxy/iptables/proxier.go and pkg/proxy/ipvs/proxier.go.
 */
export const PROXY_CHAINS: readonly ProxyChain[] = [
  ...chains('nat', ['ipvs', 'iptables'], ['KUBE-SERVICES', 'KUBE-POSTROUTING', 'KUBE-MARK-MASQ']),
  ...chains('filter', ['ipvs', 'iptables'], ['KUBE-FORWARD', 'KUBE-PROXY-FIREWALL']),
  ...chains('nat', ['iptables'], ['KUBE-SVC-*', 'KUBE-SVL-*', 'KUBE-SEP-*', 'KUBE-FW-*', 'KUBE-EXT-*']),
  ...chains('nat', ['iptables'], ['KUBE-NODEPORTS', 'KUBE-PROXY-CANARY']),
  ...chains('filter', ['iptables'], ['KUBE-SERVICES', 'KUBE-EXTERNAL-SERVICES', 'KUBE-NODEPORTS']),
  ...chains('filter', ['iptables'], ['KUBE-PROXY-CANARY']),
  ...chains('mangle', ['iptables'], ['KUBE-PROXY-CANARY']),
  ...chains('nat', ['ipvs'], ['KUBE-NODE-PORT', 'KUBE-LOAD-BALANCER']),
  ...chains('filter', ['ipvs'], ['KUBE-NODE-PORT', 'KUBE-SOURCE-RANGES-FIREWALL']),
  ...chains('filter', ['ipvs'], ['KUBE-IPVS-FILTER', 'KUBE-IPVS-OUT-FILTER']),
]

function chains(table: ProxyChain['table'], modes: readonly ProxyMode[], names: readonly string[]): ProxyChain[] {
  return names.map((name) => ({ table, name, modes }))
}

/** Both modes lead into one chain by rules of their own, told apart by their comments. Same sources. */
export const PROXY_JUMPS: readonly { readonly comment: string; readonly mode: ProxyMode }[] = [
  { comment: 'kube-proxy firewall rules', mode: 'ipvs' },
  { comment: 'kubernetes load balancer firewall', mode: 'iptables' },
]

/** The chain they lead into, in the table `filter`. */
export const SHARED_TARGET = 'KUBE-PROXY-FIREWALL'

const SET_NAME_LENGTH = 31

/** Sets of mode ipvs; `KUBE-6-…` for IPv6, cut to what the kernel takes. Source: k8s.io/kubernetes v1.36.3, pkg/proxy/ipvs/ipset.go. */
export const PROXY_SETS: readonly string[] = [
  ...['LOOP-BACK', 'CLUSTER-IP', 'EXTERNAL-IP', 'EXTERNAL-IP-LOCAL', 'LOAD-BALANCER', 'LOAD-BALANCER-LOCAL'],
  ...['LOAD-BALANCER-FW', 'LOAD-BALANCER-SOURCE-IP', 'LOAD-BALANCER-SOURCE-CIDR', 'NODE-PORT-TCP'],
  ...['NODE-PORT-LOCAL-TCP', 'NODE-PORT-UDP', 'NODE-PORT-LOCAL-UDP', 'NODE-PORT-SCTP-HASH'],
  ...['NODE-PORT-LOCAL-SCTP-HASH', 'HEALTH-CHECK-NODE-PORT', 'IPVS-IPS'],
].flatMap((name) => [`KUBE-${name}`, `KUBE-6-${name}`.slice(0, SET_NAME_LENGTH)])

/** Card that carries every service address in mode ipvs. */
export const IPVS_CARD = 'kube-ipvs0'

/** Table of mode nftables, for each family of addresses. Source: pkg/proxy/nftables/proxier.go. */
export const NFT_TABLE = 'kube-proxy'

/** Whether kube-proxy in `mode` makes this chain. Chains it does not know are nobody's business. */
export function chainModes(table: string, name: string): readonly ProxyMode[] {
  return PROXY_CHAINS.find((chain) => chain.table === table && chain.name === name)?.modes ?? []
}
