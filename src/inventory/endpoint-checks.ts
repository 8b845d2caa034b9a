import ipaddr from 'ipaddr.js'
import type { Inventory } from './inventory.ts'
import type { Problem } from './problem.ts'
import { problemAt } from './problem-at.ts'
import { mapAt, type Raw } from './resolve.ts'

type Path = readonly string[]

const ENDPOINT: Path = ['kubernetes', 'controlPlaneEndpoint']
const VIRTUAL: Path = ['kubernetes', 'virtualAddress']

/** Ports of a control plane that the balancer cannot have. Source: kubernetes.io, "Ports and Protocols". */
const TAKEN = [2379, 2380, 2381, 6443, 10_248, 10_249, 10_250, 10_256, 10_257, 10_259]

/** How the API is reached, where that is not the address of one machine. */
export function endpointProblems(raw: Raw, inventory: Inventory): readonly Problem[] {
  const given = mapAt(raw.data, 'kubernetes')
  const own = inventory.kubernetes.virtualAddress
  const planes = inventory.hosts.filter(({ roles }) => roles.includes('control-plane'))
  if (own === undefined) return given.controlPlaneEndpoint === undefined ? lonely(raw, planes) : nameless(raw, planes)
  const problems: Problem[] = []
  const add = (path: Path, what: string, fix: string) => problems.push(problemAt(raw, path, what, fix))
  if (given.controlPlaneEndpoint !== undefined)
    add(
      ENDPOINT,
      'kubernetes has both controlPlaneEndpoint and virtualAddress, and either is the one address of the API',
      'delete one: controlPlaneEndpoint is a balancer of yours, virtualAddress is one on the control planes',
    )
  if (TAKEN.includes(own.port))
    add(
      [...VIRTUAL, 'port'],
      `kubernetes.virtualAddress.port ${own.port} is used by the control planes themselves`,
      'take another, like 8443',
    )
  for (const host of inventory.hosts) {
    for (const key of ['address', 'nodeAddress'] as const)
      if (host[key] === own.address)
        add(
          [...VIRTUAL, 'address'],
          `kubernetes.virtualAddress.address ${own.address} is the ${key} of host "${host.name}"`,
          'take an address no machine has: it moves from one control plane to another',
        )
  }
  return [...problems, ...nameless(raw, planes, true)]
}

/** One control plane may be its own endpoint; of several, none is. An even number is refused anyhow. */
function lonely(raw: Raw, planes: Inventory['hosts']): readonly Problem[] {
  if (planes.length < 2 || planes.length % 2 === 0) return []
  const names = planes.map(({ name }) => name).join(', ')
  return [
    problemAt(
      raw,
      ['kubernetes'],
      `there are ${planes.length} control planes (${names}), and no address of the API that outlives each of them`,
      'give a free address of their network, virtualAddress: {address: …}, or your own balancer, controlPlaneEndpoint: host:port',
    ),
  ]
}

/** Members of etcd, and those who hand an address to each other, call each other by address. */
function nameless(raw: Raw, planes: Inventory['hosts'], carry = false): readonly Problem[] {
  if (planes.length < 2 && !carry) return []
  return planes
    .filter(({ lab, nodeAddress, address = '' }) => !lab && nodeAddress === undefined && !ipaddr.isValid(address))
    .map(({ name }) =>
      problemAt(
        raw,
        ['hosts', name],
        `host "${name}" is one of the control planes, which know each other by IP address, and the inventory has none for it`,
        'give it nodeAddress: an IP address',
      ),
    )
}
