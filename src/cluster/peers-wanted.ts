import type { Host, Inventory } from '../inventory/inventory.ts'
import type { PeersWanted } from './peer-findings.ts'
import { encapsulated } from './pod-network.ts'

/** What an inventory wants of what lies between its hosts. */
export function peersWanted(
  { network }: Pick<Inventory, 'network'>,
  hosts: readonly Pick<Host, 'name' | 'roles' | 'verify' | 'accept'>[],
): PeersWanted {
  return {
    network: encapsulated(network),
    mtu: network.mtu,
    clockSkewMs: new Map(hosts.map(({ name, verify }) => [name, verify.clockSkewMs])),
    controlPlanes: new Set(hosts.filter(({ roles }) => roles.includes('control-plane')).map(({ name }) => name)),
    accept: new Map(hosts.map(({ name, accept }) => [name, accept])),
    pointLimits: new Map(
      hosts.map(({ name, verify }) => [
        name,
        new Map(verify.points.flatMap((point) => (point.limitMs === undefined ? [] : [[point.name, point.limitMs]]))),
      ]),
    ),
  }
}
