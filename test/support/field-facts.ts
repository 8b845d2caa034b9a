import type { Choice } from './network-choices.ts'

/**
 * What the field knows of networks, kube-proxy, addresses and entries: written from upstream's own pages, without a look at how
 * provision checks it. `rule` is the name a refusal must give; nothing of it holds: the choice must be taken.
 */
export interface FieldFact {
  readonly rule: string
  readonly fact: string
  readonly source: string
  breaks(choice: Choice): boolean
}

const speaksBgp = ({ network: { cni, calico } }: Choice) =>
  cni === 'calico' && (calico?.encapsulation === 'ipip' || calico?.encapsulation === 'none')
const byCilium = ({ network, addresses }: Choice) => network.cni === 'cilium' && addresses.startsWith('cilium')
const byMetallb = ({ addresses }: Choice) => addresses.includes('metallb')

export const FIELD_FACTS: readonly FieldFact[] = [
  {
    rule: 'no-kube-proxy',
    fact: 'of the four only Cilium can do the work of kube-proxy (Calico with its eBPF data plane, which nobody can choose here)',
    source: 'docs.cilium.io, Kubernetes Without kube-proxy; docs.tigera.io, eBPF; flannel README',
    breaks: ({ network, proxy }) => proxy === 'none' && network.cni !== 'cilium',
  },
  {
    rule: 'cilium-l2',
    fact: 'L2 announcements want kubeProxyReplacement',
    source: 'docs.cilium.io, L2 Announcements, Prerequisites',
    breaks: (choice) => byCilium(choice) && choice.proxy !== 'none',
  },
  {
    rule: 'cilium-l2',
    fact: 'a Service of no class is taken by every controller that gives out addresses',
    source: 'metallb.io, Configuration, LoadBalancerClass; docs.cilium.io, LoadBalancer IPAM, LoadBalancerClass',
    breaks: (choice) => byCilium(choice) && byMetallb(choice),
  },
  {
    rule: 'cilium-l2-local',
    fact: 'L2 announcements are incompatible with externalTrafficPolicy Local',
    source: 'docs.cilium.io, L2 Announcements, Limitations',
    breaks: (choice) => byCilium(choice) && choice.entry === 'traefik-local',
  },
  {
    rule: 'calico-bgp-metallb',
    fact: 'a router accepts one BGP session from a node: Calico that speaks BGP and MetalLB that does get in each other’s way',
    source: 'metallb.io, Issues with Calico',
    breaks: (choice) =>
      speaksBgp(choice) && (choice.addresses === 'metallb-bgp' || choice.addresses === 'cilium+metallb'),
  },
  {
    rule: 'strict-arp',
    fact: 'kube-proxy in IPVS mode answers ARP for every Service address on every node unless strictARP is set',
    source: 'metallb.io, Installation, Preparation',
    breaks: ({ proxy, addresses }) => proxy === 'ipvs-loose' && addresses === 'metallb-l2',
  },
  {
    rule: 'one-policy-engine',
    fact: 'Calico, Canal and Cilium enforce NetworkPolicies themselves',
    source: 'docs.tigera.io, Network policy; docs.cilium.io, Network Policy',
    breaks: ({ network }) => network.policyEngine !== undefined && network.cni !== 'flannel',
  },
  {
    rule: 'idle-settings',
    fact: 'backend is of Flannel’s own configuration; Canal’s manifest has VXLAN',
    source: 'flannel, Documentation/backends.md; docs.tigera.io, canal.yaml',
    breaks: ({ network }) => network.backend !== undefined && network.cni !== 'flannel',
  },
  {
    rule: 'idle-settings',
    fact: 'L2 announcements are of Cilium’s agent: without Cilium nobody makes them',
    source: 'docs.cilium.io, L2 Announcements',
    breaks: ({ network, addresses }) => network.cni !== 'cilium' && addresses.startsWith('cilium'),
  },
  {
    rule: 'idle-settings',
    fact: 'CrossSubnet is a way to wrap less: with neither VXLAN nor IP-in-IP there is nothing to wrap',
    source: 'docs.tigera.io, IP pool (ipipMode, vxlanMode)',
    breaks: ({ network: { calico } }) => calico?.encapsulation === 'none' && calico.crossSubnet === true,
  },
  {
    rule: 'idle-settings',
    fact: 'Calico with VXLAN alone needs no BGP, hence no route reflectors',
    source: 'docs.tigera.io, Overlay networking',
    breaks: ({ network: { calico } }) => calico?.encapsulation === 'vxlan' && calico.routeReflectors !== undefined,
  },
  {
    rule: 'ingress-host-ports-alone',
    fact: 'externalTrafficPolicy is a field of Services of type NodePort and LoadBalancer; ports of nodes have none',
    source: 'kubernetes.io, Service, Traffic policies',
    breaks: ({ entry }) => entry === 'traefik-ports-local',
  },
  {
    rule: 'ingress-address-in-pool',
    fact: 'an address that is in no pool is given to nobody',
    source: 'metallb.io, Usage, Requesting specific IPs; docs.cilium.io, LoadBalancer IPAM, Requesting IPs',
    breaks: ({ entry, addresses }) => entry === 'traefik-address' && addresses === 'none',
  },
]

/** Names of the rules that refuse a choice, sorted; none: it must be taken. */
export function refusedBy(choice: Choice): readonly string[] {
  const names = FIELD_FACTS.filter((fact) => fact.breaks(choice)).map(({ rule }) => rule)
  return [...new Set(names)].toSorted()
}
