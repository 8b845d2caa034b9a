import type { Change } from '../core/change.ts'
import type { KubeObject, KubeRef } from '../facts/kube-object.ts'
import {
  type AddressRange,
  intersection,
  overlap,
  parseRange,
  rangeText,
  shortestPrefix,
} from '../inventory/address-range.ts'
import type { LoadBalancer, Pool } from '../inventory/inventory.ts'
import { advertisementObject, METALLB_KINDS, METALLB_NAMESPACE, poolObject } from './metallb.ts'

/** One object, as it must be before all are applied together. */
interface InTheWay {
  readonly change: Change
  readonly object: KubeObject
  /** It is to be gone by then. */
  readonly goes: boolean
}

/** A pool and what lives of it. */
interface Turn {
  readonly name: string
  readonly pool: Pool
  /** Addresses it has, as they are written. */
  readonly had: readonly string[]
  /** What it keeps of them, where another one is to get some of the rest. */
  readonly kept?: readonly AddressRange[]
  /** Length of the prefixes that routers are told of. */
  readonly told: number
}

const SINGLE = 32

/**
 * MetalLB's webhook checks each object against all that are stored, whatever else is applied with it. So before all of them can
 * be, routes must not be wider than what their pool will have, pools keep only what no other is to get (where that is nothing,
 * they go), and pools are as wide as their routes will be. In that order.
 */
export function poolsInTheWay(loadBalancer: LoadBalancer, live: readonly KubeObject[]): readonly InTheWay[] {
  const turns = turnsOf(loadBalancer, live)
  return [...turns.flatMap(tooWide), ...turns.flatMap(shrunk), ...turns.flatMap(tooNarrow)]
}

/** What `poolsInTheWay` is to be told of. */
export function poolRefs({ metallb: { pools } }: LoadBalancer): readonly KubeRef[] {
  return Object.entries(pools).flatMap(([name, { mode }]) =>
    ['IPAddressPool', ...(mode === 'bgp' ? ['BGPAdvertisement'] : [])].map((kind) => ({
      apiVersion: METALLB_KINDS[kind] ?? '',
      kind,
      namespace: METALLB_NAMESPACE,
      name,
    })),
  )
}

function turnsOf({ metallb }: LoadBalancer, live: readonly KubeObject[]): readonly Turn[] {
  const pools = Object.entries(metallb.pools)
  return pools.map(([name, pool]) => {
    const specOf = (kind: string) => live.find((one) => one.kind === kind && one.metadata.name === name)?.spec ?? {}
    const { addresses } = specOf('IPAddressPool') as { readonly addresses?: unknown }
    const { aggregationLength } = specOf('BGPAdvertisement') as { readonly aggregationLength?: unknown }
    const had = Array.isArray(addresses) ? addresses.map(String) : []
    const others = pools.flatMap(([other, { addresses: theirs }]) => (other === name ? [] : rangesOf(theirs)))
    const turn = { name, pool, had, told: typeof aggregationLength === 'number' ? aggregationLength : SINGLE }
    if (!rangesOf(had).some((range) => others.some((other) => overlap(range, other)))) return turn
    const wanted = rangesOf(pool.addresses)
    return { ...turn, kept: rangesOf(had).flatMap((range) => wanted.flatMap((own) => intersection(range, own) ?? [])) }
  })
}

function tooWide({ name, pool, kept = [], told }: Turn): readonly InTheWay[] {
  if (told >= narrowest([...kept, ...rangesOf(pool.addresses)])) return []
  const { aggregationLength: _length, ...single } = pool
  const to = 'routes to single addresses, until its pool has changed'
  const change = { what: `BGPAdvertisement ${name}`, from: `routes to /${told}`, to, disrupts: 'routers are told anew' }
  return [{ change, object: advertisementObject(name, single), goes: false }]
}

function shrunk({ name, pool, had, kept }: Turn): readonly InTheWay[] {
  if (!kept) return []
  const addresses = kept.map(rangeText)
  const goes = addresses.length === 0
  const to = goes ? 'deleted, and made anew' : `${addresses.join(', ')} until the others are there`
  const disrupts = 'Services with an address that goes to another pool get another one, or none'
  const change = { what: `IPAddressPool ${name}`, from: had.join(', '), to, disrupts }
  return [{ change, object: poolObject(name, { ...pool, addresses }), goes }]
}

function tooNarrow({ name, pool, had, kept }: Turn): readonly InTheWay[] {
  const left = kept ?? rangesOf(had)
  if ((pool.aggregationLength ?? SINGLE) >= narrowest(left)) return []
  const change = { what: `IPAddressPool ${name}`, from: had.join(', '), to: pool.addresses.join(', ') }
  return [{ change, object: poolObject(name, pool), goes: false }]
}

/** The shortest prefix that fits into each of them. */
function narrowest(ranges: readonly AddressRange[]): number {
  return Math.max(0, ...ranges.map((range) => (range.family === 'ipv4' ? shortestPrefix(range) : 0)))
}

function rangesOf(addresses: readonly string[]): readonly AddressRange[] {
  return addresses.flatMap((text) => parseRange(text) ?? [])
}
