import { membershipOf } from '../../src/cluster/membership.ts'
import type { Artifacts, Node } from '../../src/cluster/node.ts'
import { Value } from '../../src/core/value.ts'
import { loadInventory } from '../../src/inventory/load.ts'

const never = <T>(label: string) => new Value<T>(label, new Promise<T>(() => {}))

/** Artifacts nobody is making: everything stays unknown. */
export const NO_ARTIFACTS: Artifacts = {
  program: (name) => never(`nowhere: ${name}`),
  image: (name) => never(`nowhere: ${name}`),
  manifest: (name) => never(`nowhere: ${name}`),
  rendered: (name) => never(`nowhere: ${name}`),
}

/** The first host of an inventory text, as a playbook sees it. */
export function nodeOf(inventoryText: string, more: Partial<Node> = {}): Node {
  const inventory = loadInventory(inventoryText, { file: 'test.yaml', openSecret: async () => '' })
  const host = inventory.hosts[0]
  if (!host) throw new Error('the inventory has no host')
  return {
    name: host.name,
    host,
    inventory,
    address: host.address,
    artifacts: NO_ARTIFACTS,
    membership: membershipOf(
      inventory,
      { visited: inventory.hosts.map(({ name }) => name), chosen: inventory.hosts.map(({ name }) => name) },
      new Map(inventory.hosts.map(({ name, address }) => [name, address])),
      never('secrets'),
    ),
    operatorClock: () => 0,
    ...more,
  }
}

export const ONE_NODE = `name: test
kubernetes: {version: "1.36.3"}
network: {cni: flannel}
hosts:
  node1:
    address: 10.0.0.11
    roles: [control-plane, worker]
`
