import { membershipOf } from '../cluster/membership.ts'
import type { Artifacts, Node } from '../cluster/node.ts'
import { Value } from '../core/value.ts'
import type { Host, Inventory } from '../inventory/inventory.ts'
import { addressOf } from './together.ts'

/** The nodes of an inventory for verbs that install nothing: nothing is fetched for them, and nobody is let in. */
export function plainNodes(inventory: Inventory, hosts: readonly Host[], artifacts: Artifacts = NONE): readonly Node[] {
  const names = hosts.map(({ name }) => name)
  const addresses = new Map(inventory.hosts.map((host) => [host.name, addressOf(host)]))
  const secrets = new Value('a token', never)
  const membership = membershipOf(inventory, { visited: names, chosen: names }, addresses, secrets)
  return hosts.map((host) => ({
    name: host.name,
    host,
    inventory,
    address: addressOf(host),
    artifacts,
    membership,
    operatorClock: () => Date.now(),
  }))
}

const never = () => new Promise<never>(() => undefined)

const NONE: Artifacts = {
  program: (name) => new Value(name, never()),
  image: () => ({}),
  manifest: (name) => new Value(name, never()),
  rendered: (name) => new Value(name, never()),
}
