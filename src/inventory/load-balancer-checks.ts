import { isDeepStrictEqual } from 'node:util'
import { type AddressRange, overlap, parseAddress, parseRange, shortestPrefix } from './address-range.ts'
import { byRule } from './by-rule.ts'
import { endpointHost } from './endpoint-host.ts'
import type { Inventory, Pool } from './inventory.ts'
import type { Problem } from './problem.ts'
import { problemAt } from './problem-at.ts'
import { mapAt, type Raw } from './resolve.ts'

type Path = readonly (string | number)[]

const POOLS = ['loadBalancer', 'metallb', 'pools'] as const
const PEERS = ['loadBalancer', 'metallb', 'peers'] as const

/** One entry of a pool, and where it stands. */
interface Entry {
  readonly pool: string
  readonly text: string
  readonly range: AddressRange
  readonly path: Path
}

/** What MetalLB's pools must not be, given the rest of the inventory. */
export function loadBalancerProblems(raw: Raw, inventory: Inventory): readonly Problem[] {
  const metallb = inventory.loadBalancer?.metallb
  if (!metallb) return []
  const pools = Object.entries(metallb.pools)
  const entries = pools.flatMap(([pool, { addresses }]) =>
    addresses.flatMap((text, index): Entry[] => {
      const range = parseRange(text)
      return range ? [{ pool, text, range, path: [...POOLS, pool, 'addresses', index] }] : []
    }),
  )
  return [
    ...entries.flatMap((entry) => takenBy(raw, inventory, entry)),
    ...twice(raw, entries),
    ...pools.flatMap(([name, pool]) => poolProblems(raw, inventory, name, pool)),
    ...Object.entries(metallb.peers).flatMap(([name, { nodeSelectors }]) =>
      repeated(raw, [...PEERS, name, 'nodeSelectors'], nodeSelectors, `peer "${name}"`),
    ),
    ...idlePeers(raw, inventory),
    ...byRule('strict-arp', looseArp(raw, inventory)),
  ]
}

/** Addresses of the cluster itself, and of its machines. */
function takenBy(raw: Raw, { kubernetes, hosts }: Inventory, { pool, text, range, path }: Entry): readonly Problem[] {
  const { podSubnet, serviceSubnet, controlPlaneEndpoint = '', virtualAddress } = kubernetes
  const subnets = [
    ['podSubnet', podSubnet],
    ['serviceSubnet', serviceSubnet],
  ] as const
  const inside = subnets.find(([, subnet]) => overlaps(range, parseRange(subnet)))
  if (inside) {
    const what = `${text} of pool "${pool}" overlaps ${inside[0]} ${inside[1]}: nobody outside would be answered`
    return problem(raw, path, what, 'take addresses of the network the nodes are on, or that routers send to them')
  }
  const endpoint = endpointHost(controlPlaneEndpoint)
  const machines = hosts.flatMap(({ name, address = '', nodeAddress = '' }) =>
    [address, nodeAddress].map((own) => [own, `host "${name}"`] as const),
  )
  const api = [endpoint, `the API server (${virtualAddress ? 'virtualAddress' : 'controlPlaneEndpoint'})`] as const
  const held = [...machines, api].find(([own]) => overlaps(range, parseAddress(own)))
  if (!held) return []
  const what = `${text} of pool "${pool}" contains ${held[0]}, which is the address of ${held[1]}`
  return problem(raw, path, what, 'leave it out: a Service that gets it would take it away from its owner')
}

function overlaps(range: AddressRange, other: AddressRange | undefined): boolean {
  return other !== undefined && overlap(range, other)
}

function twice(raw: Raw, entries: readonly Entry[]): readonly Problem[] {
  return entries.flatMap((entry, index) => {
    const before = entries.slice(0, index).find(({ range }) => overlap(range, entry.range))
    if (!before) return []
    const other = before.pool === entry.pool ? before.text : `${before.text} of pool "${before.pool}"`
    const what = `${entry.text} of pool "${entry.pool}" overlaps ${other}`
    return problem(raw, entry.path, what, 'give every address to one pool, once')
  })
}

/** MetalLB's webhook takes none of them with the same value twice. */
const LISTS = ['nodeSelectors', 'interfaces', 'peers', 'communities'] as const

function repeated(raw: Raw, path: Path, list: readonly unknown[] = [], of: string): readonly Problem[] {
  return list.flatMap((value, index) => {
    if (!list.slice(0, index).some((before) => isDeepStrictEqual(before, value))) return []
    const what = `${path.at(-1)} of ${of} names ${typeof value === 'string' ? value : JSON.stringify(value)} twice`
    return problem(raw, [...path, index], what, 'delete one of the two')
  })
}

const L2_ONLY = ['interfaces'] as const
const BGP_ONLY = ['peers', 'localPref', 'communities', 'aggregationLength'] as const

function poolProblems(raw: Raw, inventory: Inventory, name: string, pool: Pool): readonly Problem[] {
  const { mode } = pool
  const written = Object.keys(mapAt(raw.data, ...POOLS, name))
  const idle = (mode === 'l2' ? BGP_ONLY : L2_ONLY).filter((key) => written.includes(key))
  return [
    ...idle.flatMap((key) =>
      problem(
        raw,
        [...POOLS, name, key],
        `${key} of pool "${name}" does nothing in mode ${mode}`,
        `delete it, or write mode: ${mode === 'l2' ? 'bgp' : 'l2'}`,
      ),
    ),
    ...familyProblems(raw, inventory, name, pool),
    ...LISTS.flatMap((key) => repeated(raw, [...POOLS, name, key], pool[key], `pool "${name}"`)),
    ...(mode === 'bgp' ? bgpProblems(raw, inventory, name, pool) : []),
  ]
}

function familyProblems(raw: Raw, { kubernetes }: Inventory, name: string, pool: Pool): readonly Problem[] {
  const family = parseRange(kubernetes.serviceSubnet)?.family
  return pool.addresses.flatMap((text, index) => {
    const own = parseRange(text)?.family
    const path = [...POOLS, name, 'addresses', index]
    if (pool.mode === 'bgp' && own === 'ipv6') {
      const what = `${text} of pool "${name}" is IPv6, and MetalLB without FRR tells of IPv4 only`
      return problem(raw, path, what, 'take IPv4 addresses, or mode: l2')
    }
    if (own === family) return []
    const what = `${text} of pool "${name}" is ${own === 'ipv6' ? 'IPv6' : 'IPv4'}, and Services of this cluster are ${family === 'ipv6' ? 'IPv6' : 'IPv4'}`
    return problem(raw, path, what, 'take addresses of the kind of kubernetes.serviceSubnet')
  })
}

function bgpProblems(raw: Raw, { loadBalancer }: Inventory, name: string, pool: Pool): readonly Problem[] {
  return [...wideProblems(raw, name, pool), ...peerProblems(raw, loadBalancer, name, pool)]
}

/** Routers would send us what is meant for others. */
function wideProblems(raw: Raw, name: string, { addresses, aggregationLength = 32 }: Pool): readonly Problem[] {
  const small = addresses.flatMap((text) => {
    const range = parseRange(text)
    const prefix = range?.family === 'ipv4' ? shortestPrefix(range) : 0
    return prefix > aggregationLength ? [{ text, prefix }] : []
  })
  const [first] = small
  if (!first) return []
  const most = Math.max(...small.map(({ prefix }) => prefix))
  const what = `aggregationLength of pool "${name}" is ${aggregationLength}, and ${first.text} holds no subnet larger than a /${first.prefix}`
  return problem(raw, [...POOLS, name, 'aggregationLength'], what, `write ${most} or more, or delete it`)
}

function peerProblems(
  raw: Raw,
  loadBalancer: Inventory['loadBalancer'],
  name: string,
  { peers = [] }: Pool,
): readonly Problem[] {
  const known = Object.keys(loadBalancer?.metallb.peers ?? {})
  if (known.length === 0) {
    const what = `pool "${name}" is announced by BGP, and there is no router to tell`
    const fix =
      'name one:  peers: {router1: {peerAddress: 192.0.2.1, peerASN: 64500, myASN: 64501}}  beside pools, or write mode: l2'
    return problem(raw, [...POOLS, name], what, fix)
  }
  return peers.flatMap((peer, index) =>
    known.includes(peer)
      ? []
      : problem(raw, [...POOLS, name, 'peers', index], `there is no peer "${peer}"`, `there are: ${known.join(', ')}`),
  )
}

function idlePeers(raw: Raw, { loadBalancer }: Inventory): readonly Problem[] {
  const { pools = {}, peers = {} } = loadBalancer?.metallb ?? {}
  if (Object.values(pools).some(({ mode }) => mode === 'bgp') || Object.keys(peers).length === 0) return []
  return problem(raw, PEERS, 'peers are told nothing: no pool has mode bgp', 'give a pool mode: bgp, or delete peers')
}

/** With IPVS every node has every service address on a card, and would answer ARP for it. */
function looseArp(raw: Raw, { kubernetes, loadBalancer }: Inventory): readonly Problem[] {
  const { mode, strictARP } = kubernetes.kubeProxy
  const [name] = l2Pools(loadBalancer)
  if (mode !== 'ipvs' || strictARP || name === undefined) return []
  const what = `strictARP is false, and pool "${name}" is announced by ARP: with ipvs every node would answer for its addresses`
  return problem(
    raw,
    ['kubernetes', 'kubeProxy', 'strictARP'],
    what,
    'write strictARP: true, or delete the line: it is true by itself then',
  )
}

/** Names of the pools that are announced by ARP. */
export function l2Pools(loadBalancer: Inventory['loadBalancer']): readonly string[] {
  const pools = Object.entries(loadBalancer?.metallb.pools ?? {})
  return pools.flatMap(([name, { mode }]) => (mode === 'l2' ? [name] : []))
}

function problem(raw: Raw, path: Path, what: string, fix: string): readonly Problem[] {
  return [problemAt(raw, path, what, fix)]
}
