import fc from 'fast-check'
import type { Pool } from '../../src/inventory/inventory.ts'

/** Disjoint, of every form and size; each goes to one pool, or to none. */
const BLOCKS = [
  '10.0.3.0/28',
  '10.0.3.16-10.0.3.40',
  '10.0.3.48/29',
  '10.0.3.64/26',
  '10.0.3.128/32',
  '10.0.3.130-10.0.3.131',
  '10.0.3.200-10.0.3.250',
]
const NAMES = ['a', 'b', 'c', 'd']

const some = <T>(...values: readonly T[]) => fc.uniqueArray(fc.constantFrom(...values), { minLength: 1 })
const nodeSelectors = fc.uniqueArray(fc.constantFrom({ rack: 'a' }, { rack: 'b' }, { 'kubernetes.io/os': 'linux' }), {
  minLength: 1,
})

const everyPool = { autoAssign: fc.boolean(), avoidBuggyIPs: fc.boolean(), nodeSelectors }
const l2 = fc.record(
  { mode: fc.constant('l2' as const), ...everyPool, interfaces: some('eth0', 'eth1') },
  { requiredKeys: ['mode'] },
)
const bgp = fc.record(
  {
    mode: fc.constant('bgp' as const),
    ...everyPool,
    peers: some('x', 'y'),
    localPref: fc.constantFrom(0, 100, 2_147_483_647),
    communities: some('0:0', '1:1', '65535:65535'),
    aggregationLength: fc.constantFrom(26, 28, 29, 31, 32),
  },
  { requiredKeys: ['mode'] },
)
const peer = fc.record(
  {
    peerASN: fc.constantFrom(1, 4_294_967_295),
    holdTime: fc.constantFrom('3s', '90s', '9999s'),
    peerPort: fc.constantFrom(1, 16_384),
    nodeSelectors,
  },
  { requiredKeys: ['peerASN'] },
)

/** What an inventory may have as `loadBalancer`; some of it is refused when it is loaded. */
export const randomLoadBalancer = fc
  .record({
    pools: fc.array(fc.oneof(l2, bgp), { minLength: 1, maxLength: 3 }),
    names: fc.shuffledSubarray(NAMES, { minLength: 3 }),
    owners: fc.array(fc.nat(3), { minLength: BLOCKS.length, maxLength: BLOCKS.length }),
    peer,
  })
  .map(({ pools, names, owners, peer }) => {
    const owned = pools.flatMap((pool, i) => {
      const addresses = BLOCKS.filter((_block, k) => owners[k] === i)
      return addresses.length === 0 ? [] : [[names[i] ?? '', { ...pool, addresses }] as const]
    })
    const routers = [2, 3].map((n) => ({ peerAddress: `10.0.0.${n}`, myASN: 64_501, ...peer }))
    const told: readonly Pick<Pool, 'mode'>[] = owned.map(([, pool]) => pool)
    const peers = told.some(({ mode }) => mode === 'bgp') ? { peers: { x: routers[0], y: routers[1] } } : {}
    return { metallb: { pools: Object.fromEntries(owned), ...peers } }
  })
