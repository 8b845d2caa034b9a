export interface NodePort {
  readonly protocol: 'tcp' | 'udp'
  readonly port: number
  /** Who will listen. */
  readonly purpose: string
  /** Process names (the kernel keeps 15 characters) that hold it on a node that is already ours; `kernel`: a tunnel. */
  readonly owners: readonly string[]
}

const tcp = (port: number, purpose: string, ...owners: string[]): NodePort => ({
  protocol: 'tcp',
  port,
  purpose,
  owners,
})
const udp = (port: number, purpose: string, ...owners: string[]): NodePort => ({
  protocol: 'udp',
  port,
  purpose,
  owners,
})

/** Ports of every node. Source: kubernetes.io, "Ports and Protocols"; 10248 and 10249 listen on loopback only. */
export const EVERY_NODE: readonly NodePort[] = [
  tcp(10_250, 'kubelet', 'kubelet'),
  tcp(10_248, 'kubelet health', 'kubelet'),
]

export const CONTROL_PLANE: readonly NodePort[] = [
  tcp(6443, 'kube-apiserver', 'kube-apiserver'),
  tcp(2379, 'etcd clients', 'etcd'),
  tcp(2380, 'etcd peers', 'etcd'),
  tcp(2381, 'etcd metrics', 'etcd'),
  tcp(10_257, 'kube-controller-manager', 'kube-controller'),
  tcp(10_259, 'kube-scheduler', 'kube-scheduler'),
]

export const KUBE_PROXY: readonly NodePort[] = [
  tcp(10_256, 'kube-proxy health', 'kube-proxy'),
  tcp(10_249, 'kube-proxy metrics', 'kube-proxy'),
]

/** Of the speaker, which uses the host's network. Source: MetalLB 0.16's manifest and command line. */
export const METALLB: readonly NodePort[] = [
  tcp(7946, 'MetalLB speakers', 'speaker'),
  udp(7946, 'MetalLB speakers', 'speaker'),
  tcp(9120, 'MetalLB metrics', 'speaker'),
  tcp(17_472, 'MetalLB health', 'speaker'),
]

/** Of kube-router, which uses the host's network. Source: its command line (`--health-port`). */
export const KUBE_ROUTER: readonly NodePort[] = [tcp(20_244, 'kube-router health', 'kube-router')]

/**
 * Of Traefik on the ports of nodes: the container runtime leads them to its pod, so that whatever listens there itself gets nothing
 * any more. Nobody listens on a node that is ours.
 */
export const INGRESS: readonly NodePort[] = [tcp(80, 'HTTP of the ingress'), tcp(443, 'HTTPS of the ingress')]

/** The balancer on control planes that share an address. */
export function balancerPort(port: number): NodePort {
  return tcp(port, 'haproxy in front of kube-apiserver', 'haproxy')
}

const FELIX = tcp(9099, 'Calico health', 'calico-node')
const BIRD = tcp(179, 'BGP of Calico', 'bird')
const CILIUM: readonly NodePort[] = [
  tcp(4240, 'Cilium health checks', 'cilium-agent', 'cilium-health-r'),
  tcp(9879, 'Cilium health', 'cilium-agent'),
  tcp(9878, 'Envoy of Cilium', 'cilium-envoy', 'cilium-envoy-st'),
  tcp(9964, 'Envoy of Cilium, metrics', 'cilium-envoy', 'cilium-envoy-st'),
  // The operator runs on any of the nodes.
  tcp(9234, 'operator of Cilium', 'cilium-operator'),
  tcp(9963, 'operator of Cilium, metrics', 'cilium-operator'),
]
const CILIUM_VXLAN = udp(8472, 'VXLAN of Cilium', 'kernel')
const CILIUM_GENEVE = udp(6081, 'Geneve of Cilium', 'kernel')
const CILIUM_WIREGUARD = udp(51_871, 'WireGuard of Cilium', 'kernel')

/** By network and what it wraps packets in. Source: the projects' own documentation, manifests and rendered chart. */
export const TUNNEL = {
  'flannel vxlan': [udp(8472, 'VXLAN of Flannel', 'kernel')],
  'flannel wireguard': [udp(51_820, 'WireGuard of Flannel', 'kernel'), udp(51_821, 'WireGuard of Flannel', 'kernel')],
  'flannel host-gw': [],
  'calico vxlan': [udp(4789, 'VXLAN of Calico', 'kernel'), FELIX],
  'calico ipip': [BIRD, FELIX],
  'calico bgp': [BIRD, FELIX],
  'calico wireguard': [udp(51_820, 'WireGuard of Calico', 'kernel'), FELIX],
  'canal vxlan': [udp(8472, 'VXLAN of Canal', 'kernel'), FELIX],
  'cilium vxlan': [CILIUM_VXLAN, ...CILIUM],
  'cilium geneve': [CILIUM_GENEVE, ...CILIUM],
  'cilium native': CILIUM,
  'cilium wireguard': [CILIUM_WIREGUARD, ...CILIUM],
  'cilium vxlan wireguard': [CILIUM_WIREGUARD, CILIUM_VXLAN, ...CILIUM],
  'cilium geneve wireguard': [CILIUM_WIREGUARD, CILIUM_GENEVE, ...CILIUM],
} as const satisfies Readonly<Record<string, readonly NodePort[]>>

/** Typha runs on any of the nodes. */
export const TYPHA: readonly NodePort[] = [
  tcp(5473, 'Typha of Calico', 'calico-typha'),
  tcp(9098, 'Typha health', 'calico-typha'),
]
