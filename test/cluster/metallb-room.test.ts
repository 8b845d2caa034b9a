import { expect, test } from 'vitest'
import { advertisementObject, poolObject } from '../../src/cluster/metallb.ts'
import { poolRefs, poolsInTheWay } from '../../src/cluster/metallb-room.ts'
import type { LoadBalancer, Pool } from '../../src/inventory/inventory.ts'

type Pools = Readonly<Record<string, string>>

const pool = (addresses: string): Pool => ({
  addresses: addresses.split(' '),
  mode: 'l2',
  autoAssign: true,
  avoidBuggyIPs: false,
})
const balancer = (pools: Pools): LoadBalancer => ({
  metallb: { pools: Object.fromEntries(Object.entries(pools).map(([name, text]) => [name, pool(text)])), peers: {} },
})

/** `NAME: ADDRESSES` of what shrinks, `NAME gone` of what goes. */
function room(live: Pools, wanted: Pools): readonly string[] {
  const living = Object.entries(live).map(([name, text]) => poolObject(name, pool(text)))
  return poolsInTheWay(balancer(wanted), living).map(({ object, goes }) => {
    const { addresses } = object.spec as { readonly addresses: readonly string[] }
    return `${object.metadata.name}${goes ? ' gone' : `: ${addresses.join(' ')}`}`
  })
}

const [FIRST, SECOND] = ['192.0.2.10-192.0.2.19', '192.0.2.64/28']

test.each<[string, Pools, Pools, readonly string[]]>([
  ['nothing lives yet', {}, { a: FIRST, b: SECOND }, []],
  ['nothing changes', { a: FIRST, b: SECOND }, { a: FIRST, b: SECOND }, []],
  ['one grows into what is free', { a: FIRST }, { a: '192.0.2.10-192.0.2.30' }, []],
  ['one gives up what nobody gets', { a: FIRST }, { a: '192.0.2.10/32' }, []],
  [
    'one gives to another',
    { a: FIRST },
    { a: '192.0.2.10-192.0.2.12', b: '192.0.2.13/32' },
    ['a: 192.0.2.10-192.0.2.12'],
  ],
  [
    'one gives and gets',
    { a: FIRST },
    { a: `192.0.2.0-192.0.2.12 ${SECOND}`, b: '192.0.2.15/32' },
    ['a: 192.0.2.10-192.0.2.12'],
  ],
  ['two swap', { a: FIRST, b: SECOND }, { a: SECOND, b: FIRST }, ['a gone', 'b gone']],
  ['one moves on and another follows', { a: FIRST, b: SECOND }, { a: '198.51.100.0/28', b: FIRST }, ['a gone']],
  ['a subnet is written as a range', { a: SECOND }, { a: '192.0.2.64-192.0.2.79', b: FIRST }, []],
  ['IPv6', { a: 'fd00::/120' }, { a: 'fd00::-fd00::f', b: 'fd00::10/124' }, ['a: fd00::-fd00::f']],
])('in the way when %s', (_what, live, wanted, expected) => {
  expect(room(live, wanted)).toEqual(expected)
})

test('what is planned says what becomes of whom', () => {
  const wanted = balancer({ a: '192.0.2.10-192.0.2.12', b: '192.0.2.13/32' })
  expect(poolsInTheWay(wanted, [poolObject('a', pool(FIRST))]).map(({ change }) => change)).toEqual([
    {
      what: 'IPAddressPool a',
      from: '192.0.2.10-192.0.2.19',
      to: '192.0.2.10-192.0.2.12 until the others are there',
      disrupts: 'Services with an address that goes to another pool get another one, or none',
    },
  ])
  expect(poolRefs(wanted).find(({ name }) => name === 'b')).toEqual({
    apiVersion: 'metallb.io/v1beta1',
    kind: 'IPAddressPool',
    namespace: 'metallb-system',
    name: 'b',
  })
})

/** ADDRESSES, and the length routers are told of. */
type Routed = readonly [addresses: string, aggregationLength?: number]

const routed = ([addresses, aggregationLength]: Routed): Pool => ({
  ...pool(addresses),
  mode: 'bgp',
  ...(aggregationLength === undefined ? {} : { aggregationLength }),
})

function routes(had: Routed, { a, b }: { readonly a: Routed; readonly b?: string }): readonly string[] {
  const living = [poolObject('a', routed(had)), advertisementObject('a', routed(had))]
  const pools = { a: routed(a), ...(b === undefined ? {} : { b: pool(b) }) }
  return poolsInTheWay({ metallb: { pools, peers: {} } }, living).map(({ object: { kind, spec } }) =>
    `${kind} ${JSON.stringify(spec)}`.replace(/"(ipAddressPools|autoAssign).*/, ''),
  )
}

test.each<[string, Routed, Parameters<typeof routes>[1], readonly string[]]>([
  ['nothing changes', ['10.0.0.0/26', 26], { a: ['10.0.0.0/26', 26] }, []],
  ['the pool shrinks below its routes', ['10.0.0.0/26', 26], { a: ['10.0.0.0/30'] }, ['BGPAdvertisement {']],
  [
    'routes grow with the pool',
    ['10.0.0.0/30'],
    { a: ['10.0.0.0/26', 26] },
    ['IPAddressPool {"addresses":["10.0.0.0/26"],'],
  ],
  ['routes grow within the pool', ['10.0.0.0/26'], { a: ['10.0.0.0/26', 26] }, []],
  [
    'half of it goes to another',
    ['10.0.0.0/26', 26],
    { a: ['10.0.0.0/27', 27], b: '10.0.0.32/27' },
    ['BGPAdvertisement {', 'IPAddressPool {"addresses":["10.0.0.0-10.0.0.31"],'],
  ],
  [
    'it keeps less than it gets',
    ['10.0.0.0/27', 27],
    { a: ['10.0.0.0/30 10.0.1.0/27', 30], b: '10.0.0.16/28' },
    ['BGPAdvertisement {', 'IPAddressPool {"addresses":["10.0.0.0-10.0.0.3"],'],
  ],
])('of routes, when %s', (_what, had, wanted, expected) => {
  expect(routes(had, wanted)).toEqual(expected)
})
