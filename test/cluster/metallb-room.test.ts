import { expect, test } from 'vitest'
import { poolObject } from '../../src/cluster/metallb.ts'
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
  expect(poolRefs(wanted)[1]).toEqual({
    apiVersion: 'metallb.io/v1beta1',
    kind: 'IPAddressPool',
    namespace: 'metallb-system',
    name: 'b',
  })
})
