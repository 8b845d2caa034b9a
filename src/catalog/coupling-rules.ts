/**
 * What choices in an inventory ask of each other. Ids never change their meaning: messages name them, and `provision explain`
 * prints one. They are kept by the checks of `inventory/`, and where a host must be looked at, by the requirements of `cluster/`.
 */
export interface CouplingRule {
  readonly when: string
  readonly wants: string
  /** What would happen otherwise. */
  readonly reason: string
  readonly source: string
  /** When the source was read, or what it announces was announced: year and month. */
  readonly date: string
}

export const COUPLING_RULES = {
  'cilium-without-kube-proxy': {
    when: 'network.cni is cilium and kubeProxy.mode is none',
    wants: 'Cilium carries service addresses, and is told the address of the API server',
    reason: 'until its agent runs there is no service address by which it could reach the API server',
    source: 'docs.cilium.io, Kubernetes without kube-proxy (k8sServiceHost, k8sServicePort)',
    date: '2026-08',
  },
  'no-kube-proxy': {
    when: 'kubeProxy.mode is none',
    wants: 'network.cni is cilium',
    reason: 'no other network offered here carries service addresses, and each reaches the API server by one',
    source:
      'docs.cilium.io, Kubernetes without kube-proxy; docs.tigera.io, Calico 3.32 (only its eBPF data plane could)',
    date: '2026-08',
  },
  'cilium-rp-filter': {
    when: 'network.cni is cilium',
    wants: 'rp_filter is left to Cilium',
    reason: 'its agent sets it to 0 for its own cards; a stricter value drops packets of pods',
    source: 'docs.cilium.io, system requirements; sysctlfix of its chart',
    date: '2026-08',
  },
  'native-routing': {
    when: 'network.backend is host-gw, or network.cilium.routing is native',
    wants: 'all nodes in one layer-2 network',
    reason: 'each node is the next hop to its own pods: a router in between does not know them',
    source: 'flannel, Documentation/backends.md (host-gw); docs.cilium.io, routing (autoDirectNodeRoutes)',
    date: '2026-08',
  },
  'calico-bgp-routing': {
    when: 'network.calico.encapsulation is none',
    wants: 'all nodes in one layer-2 network, or routers that know the addresses of pods',
    reason: 'packets leave with the addresses of pods, and routes are told to nodes alone',
    source: 'docs.tigera.io, Calico 3.32, overlay networking',
    date: '2026-08',
  },
  'ipip-module': {
    when: 'network.calico.encapsulation is ipip',
    wants: 'the kernel module ipip, and IP protocol 4 let through between nodes',
    reason:
      'without the module no tunnel is made; protocol 4 has no port, so that nothing here can try it before pods do',
    source: 'docs.tigera.io, Calico 3.32, system requirements',
    date: '2026-08',
  },
  'wireguard-module': {
    when: 'network.backend or network.cilium.encryption is wireguard',
    wants: 'the kernel module wireguard (Linux 5.6)',
    reason: 'packets are encrypted in the kernel',
    source: 'kernelnewbies.org Linux_5.6',
    date: '2020-03',
  },
  'calico-ebpf': {
    when: "somebody wants Calico's eBPF data plane",
    wants: 'network.cni cilium instead',
    reason: 'it is set up by Calico’s operator, which provision does not install',
    source: 'docs.tigera.io, Calico 3.32, enable the eBPF data plane (custom-resources-bpf.yaml)',
    date: '2026-06',
  },
  'one-network': {
    when: 'a living cluster has a network',
    wants: 'network.cni stays what it is',
    reason: 'two networks on one node both give out addresses and write routes',
    source: 'kubernetes.io, Network Plugins: the runtime takes the first configuration by name',
    date: '2026-08',
  },
  'lab-images': {
    when: 'artifacts.source is lab',
    wants: 'network.cni is flannel, without policyEngine',
    reason: 'the programs of Calico, Cilium and kube-router are not published as modules that could be compiled here',
    source: 'the Go module proxy',
    date: '2026-11',
  },
  'cilium-l2': {
    when: 'network.cilium.l2Announcements is given',
    wants: 'kubeProxy.mode is none, no loadBalancer, and the same interfaces in every pool',
    reason:
      'only Cilium in kube-proxy’s place answers for these addresses, two givers would give the same Service two, and it chooses cards by labels of Services, not by pool',
    source: 'docs.cilium.io, L2 announcements, prerequisites and service selector',
    date: '2026-08',
  },
  'cilium-l2-local': {
    when: 'network.cilium.l2Announcements is given, and ingress is a Service with an address',
    wants: 'ingress.externalTrafficPolicy is Cluster',
    reason: 'a node without a pod behind the Service may announce its address, and drops what it gets',
    source: 'docs.cilium.io, L2 announcements, limitations',
    date: '2026-11',
  },
  'one-policy-engine': {
    when: 'network.policyEngine is given',
    wants: 'network.cni is flannel',
    reason: 'the other networks enforce policies themselves, and two would drop what either does not know',
    source: 'kubernetes.io, Network Policies, prerequisites; docs.tigera.io and docs.cilium.io, network policy',
    date: '2026-11',
  },
  'enforced-policies': {
    when: 'policies is given',
    wants: 'network.cni is calico, canal or cilium, or network.policyEngine is given',
    reason: 'the API server stores policies that nobody enforces, and says nothing',
    source: 'kubernetes.io, Network Policies, prerequisites; flannel, README',
    date: '2026-11',
  },
  'idle-settings': {
    when: 'a setting of network or kubeProxy is written that only another choice looks at',
    wants: 'the setting deleted, or that choice made',
    reason: 'it would do nothing, and whoever wrote it counts on it',
    source: 'inventory/schema.json, where each such setting says whose it is',
    date: '2026-11',
  },
  'calico-bgp-metallb': {
    when: 'network.calico.encapsulation is ipip or none, and a pool of loadBalancer has mode bgp',
    wants: 'mode l2, or encapsulation vxlan',
    reason:
      'BIRD of Calico and the speaker of MetalLB both speak BGP from the address of the node: a router keeps one session',
    source: 'metallb.io, Issues with Calico',
    date: '2026-08',
  },
  'strict-arp': {
    when: 'kubeProxy.mode is ipvs, and a pool of loadBalancer has mode l2',
    wants: 'kubeProxy.strictARP is true',
    reason: 'with ipvs every node has every service address on a card, and would answer ARP for it',
    source: 'metallb.io, Preparation',
    date: '2026-08',
  },
  'ipvs-ends': {
    when: 'kubeProxy.mode is ipvs',
    wants: 'Kubernetes before 1.43, and a gate from 1.40',
    reason: 'the mode is deprecated since 1.35, off by default from 1.40 and gone with 1.43',
    source: 'KEP-5495',
    date: '2025-12',
  },
  'nftables-kernel': {
    when: 'kubeProxy.mode is nftables',
    wants: 'kernel 5.13',
    reason: 'kube-proxy refuses to start',
    source: 'k8s.io/kubernetes v1.36.3, pkg/util/kernel/constants.go',
    date: '2026-07',
  },
  'odd-control-planes': {
    when: 'more than one host is a control plane',
    wants: '3 or 5 of them',
    reason: 'with two, losing either stops the cluster: no better than one',
    source: 'etcd.io, FAQ',
    date: '2026-08',
  },
} as const satisfies Readonly<Record<string, CouplingRule>>

export type CouplingRuleId = keyof typeof COUPLING_RULES

/** The rule of that id, if there is one. */
export function couplingRule(id: string): CouplingRule | undefined {
  return Object.hasOwn(COUPLING_RULES, id) ? COUPLING_RULES[id as CouplingRuleId] : undefined
}
