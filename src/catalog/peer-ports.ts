/** A port that hosts of one role must reach on hosts of another. */
export interface PeerPort {
  readonly protocol: 'tcp' | 'udp'
  readonly port: number
  readonly from: 'every node' | 'control planes'
  readonly to: 'every node' | 'control planes'
  /** What breaks without it, as the object of "needed for". */
  readonly why: string
}

type Ends = Pick<PeerPort, 'from' | 'to'>

const ALL: Ends = { from: 'every node', to: 'every node' }
const TO_CONTROL_PLANES: Ends = { from: 'every node', to: 'control planes' }
const FROM_CONTROL_PLANES: Ends = { from: 'control planes', to: 'every node' }
const AMONG_CONTROL_PLANES: Ends = { from: 'control planes', to: 'control planes' }

const tcp = (port: number, ends: Ends, why: string): PeerPort => ({ protocol: 'tcp', port, ...ends, why })
const udp = (port: number, ends: Ends, why: string): PeerPort => ({ protocol: 'udp', port, ...ends, why })

/**
 * Ports between nodes, by what needs them. Sources: kubernetes.io, "Ports and Protocols"; flannel, Documentation/backends.md;
 * docs.tigera.io, "System requirements" (network requirements); docs.cilium.io, "System Requirements" (firewall rules);
 * metallb.io, "Requirements". IP-in-IP is protocol 4 and has no port to try.
 */
export const PEER_PORTS = {
  'control plane': [
    tcp(6443, TO_CONTROL_PLANES, 'every node to reach kube-apiserver'),
    tcp(2379, AMONG_CONTROL_PLANES, 'kube-apiserver to reach every etcd member'),
    tcp(2380, AMONG_CONTROL_PLANES, 'etcd members to agree'),
    tcp(10_250, FROM_CONTROL_PLANES, 'kubectl logs and exec, and metrics, through the kubelet'),
  ],
  'flannel vxlan': [udp(8472, ALL, 'pod traffic between nodes (VXLAN)')],
  'flannel wireguard': [udp(51_820, ALL, 'pod traffic between nodes (WireGuard)')],
  'flannel host-gw': [],
  'calico bgp': [tcp(179, ALL, 'routes to pods (BGP)')],
  'calico ipip': [tcp(179, ALL, 'routes to pods (BGP)')],
  'calico vxlan': [udp(4789, ALL, 'pod traffic between nodes (VXLAN)')],
  'calico wireguard': [udp(51_820, ALL, 'pod traffic between nodes (WireGuard)')],
  'calico typha': [tcp(5473, ALL, 'Calico to read the cluster through Typha')],
  'canal vxlan': [udp(8472, ALL, 'pod traffic between nodes (VXLAN)')],
  'cilium vxlan': [udp(8472, ALL, 'pod traffic between nodes (VXLAN)'), tcp(4240, ALL, "Cilium's health checks")],
  'cilium geneve': [udp(6081, ALL, 'pod traffic between nodes (Geneve)'), tcp(4240, ALL, "Cilium's health checks")],
  'cilium native': [tcp(4240, ALL, "Cilium's health checks")],
  'cilium wireguard': [
    udp(51_871, ALL, 'pod traffic between nodes (WireGuard)'),
    tcp(4240, ALL, "Cilium's health checks"),
  ],
  'cilium vxlan wireguard': [
    udp(51_871, ALL, 'pod traffic between nodes (WireGuard)'),
    udp(8472, ALL, 'pod traffic between nodes (VXLAN)'),
    tcp(4240, ALL, "Cilium's health checks"),
  ],
  'cilium geneve wireguard': [
    udp(51_871, ALL, 'pod traffic between nodes (WireGuard)'),
    udp(6081, ALL, 'pod traffic between nodes (Geneve)'),
    tcp(4240, ALL, "Cilium's health checks"),
  ],
  'cilium hubble': [tcp(4244, ALL, 'Hubble to collect flows')],
  metallb: [
    tcp(7946, ALL, "MetalLB's speakers to find each other"),
    udp(7946, ALL, "MetalLB's speakers to see who is alive"),
  ],
  'node ports': [
    tcp(30_000, ALL, 'NodePort services (first of the range)'),
    tcp(32_767, ALL, 'NodePort services (last of the range)'),
  ],
} as const satisfies Readonly<Record<string, readonly PeerPort[]>>

export type PeerPortUser = keyof typeof PEER_PORTS

/**
 * The balancer on the control planes. Beside it they need VRRP among each other, which is protocol 112 and has no port to try.
 * keepalived.org, "VRRP"; RFC 9568.
 */
export function balancerPort(port: number): PeerPort {
  return tcp(port, TO_CONTROL_PLANES, 'every node to reach the balancer in front of kube-apiserver')
}
