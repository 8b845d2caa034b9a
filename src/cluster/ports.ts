import { balancerPort, PEER_PORTS, type PeerPort, type PeerPortUser } from '../catalog/peer-ports.ts'
import type { Host, Inventory } from '../inventory/inventory.ts'
import { networkUsers } from './pod-network.ts'

/** One direction of one pair of hosts, one port: what must get through, and why. */
export interface PeerFlow {
  readonly from: string
  readonly to: string
  readonly protocol: 'tcp' | 'udp'
  readonly port: number
  readonly why: string
}

/** Something that talks between nodes, by name; or one port of its own. */
export type PortUser = PeerPortUser | PeerPort

/** What talks between the nodes of this inventory. */
export function portUsers({
  kubernetes,
  network,
  loadBalancer,
  hosts,
}: Pick<Inventory, 'network' | 'loadBalancer' | 'hosts'> &
  Partial<Pick<Inventory, 'kubernetes'>>): readonly PortUser[] {
  return [
    'control plane',
    ...networkUsers(network, hosts.length),
    ...(loadBalancer ? (['metallb'] as const) : []),
    ...(kubernetes?.virtualAddress ? [balancerPort(kubernetes.virtualAddress.port)] : []),
  ]
}

/** Ports a host must offer others, each once. */
export function portsOf(host: Pick<Host, 'roles'>, users: readonly PortUser[]): readonly PeerPort[] {
  return portsFor(users).filter(({ to }) => hasPart(host, to))
}

/** Every ordered pair of hosts, with every port its plan needs. */
export function flowsBetween(
  hosts: readonly Pick<Host, 'name' | 'roles'>[],
  users: readonly PortUser[],
): readonly PeerFlow[] {
  const ports = portsFor(users)
  return hosts.flatMap((from) =>
    hosts
      .filter((to) => to !== from)
      .flatMap((to) =>
        ports
          .filter((port) => hasPart(from, port.from) && hasPart(to, port.to))
          .map(({ protocol, port, why }) => ({ from: from.name, to: to.name, protocol, port, why })),
      ),
  )
}

/** Two users may want one port: it is tried once, and named with both reasons. */
function portsFor(users: readonly PortUser[]): readonly PeerPort[] {
  const ports = new Map<string, PeerPort>()
  for (const port of users.flatMap((user): readonly PeerPort[] =>
    typeof user === 'string' ? PEER_PORTS[user] : [user],
  )) {
    const key = [port.protocol, port.port, port.from, port.to].join(' ')
    const before = ports.get(key)
    ports.set(key, before && before.why !== port.why ? { ...before, why: `${before.why}; ${port.why}` } : port)
  }
  return [...ports.values()]
}

function hasPart({ roles }: Pick<Host, 'roles'>, part: PeerPort['from']): boolean {
  return part === 'every node' || roles.includes('control-plane')
}
