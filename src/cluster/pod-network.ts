import type { KernelUser } from '../catalog/kernel-floors.ts'
import { type NodePort, TUNNEL, TYPHA } from '../catalog/node-ports.ts'
import type { PeerPortUser } from '../catalog/peer-ports.ts'
import type { Kubernetes, Network } from '../inventory/inventory.ts'
import type { Encapsulated } from './mtu.ts'

/** What the chosen network asks of nodes and of what lies between them. */

/** How packets of pods get from node to node. */
export function encapsulated({ cni, backend, calico, cilium }: Network): Encapsulated {
  if (cni === 'flannel') return `flannel ${backend}`
  if (cni === 'canal') return 'canal vxlan'
  if (cni === 'calico') return calico.encapsulation === 'none' ? 'calico bgp' : `calico ${calico.encapsulation}`
  if (cilium.encryption === 'none') return `cilium ${cilium.routing}`
  return cilium.routing === 'native' ? 'cilium wireguard' : `cilium ${cilium.routing} wireguard`
}

/** Nodes in a cluster decide whether Typha stands between Calico and the API server. */
export function hasTypha({ cni, calico }: Network, nodes: number): boolean {
  return cni === 'calico' && nodes > calico.typhaAbove
}

/** What of the network talks between nodes. */
export function networkUsers(network: Network, nodes: number): readonly PeerPortUser[] {
  return [encapsulated(network), ...(hasTypha(network, nodes) ? (['calico typha'] as const) : [])]
}

/** Ports the network listens on, on every node. */
export function networkPorts(network: Network, nodes: number): readonly NodePort[] {
  return [...TUNNEL[encapsulated(network)], ...(hasTypha(network, nodes) ? TYPHA : [])]
}

/** Modules that are loaded for it. */
export function networkModules(network: Network): readonly string[] {
  const way = encapsulated(network)
  return ['vxlan', 'geneve', 'ipip', 'wireguard'].filter((name) => way.split(' ').includes(name))
}

/** Modules Calico loads by itself: it ends where ip_set is missing. Source: projectcalico/calico, felix (ipset dataplane). */
export function modulesBeside({ cni }: Network): readonly string[] {
  return cni === 'calico' || cni === 'canal' ? ['ip_set', 'xt_set'] : []
}

/** What of it has a floor in the kernel's versions. */
export function networkKernelUsers(network: Network, proxy: Kubernetes['kubeProxy']['mode']): readonly KernelUser[] {
  const { cni, backend, cilium } = network
  return [
    cni,
    ...(cni === 'flannel' && backend === 'wireguard' ? (['flannel wireguard'] as const) : []),
    ...(cni === 'cilium' && cilium.encryption === 'wireguard' ? (['cilium wireguard'] as const) : []),
    ...(cni === 'cilium' && proxy === 'none' ? (['cilium kube-proxy replacement'] as const) : []),
  ]
}
