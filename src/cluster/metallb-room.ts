import type { Change } from '../core/change.ts'
import type { KubeObject } from '../facts/kube-object.ts'
import { type AddressRange, intersection, overlap, parseRange, rangeText } from '../inventory/address-range.ts'
import type { LoadBalancer } from '../inventory/inventory.ts'
import { METALLB_KINDS, poolObject } from './metallb.ts'

const KIND = 'IPAddressPool'

const DISRUPTS = 'Services with an address that goes to another pool get another one, or none'

/**
 * Pools that have addresses another one is to get: MetalLB's webhook refuses that one until they have given them up, whatever
 * else is applied with it. Until then they keep what was theirs and stays theirs; where that is nothing, they go.
 */
export function poolsInTheWay(loadBalancer: LoadBalancer, live: readonly KubeObject[]) {
  const pools = Object.entries(loadBalancer.metallb.pools)
  return pools.flatMap(([name, pool]) => {
    const had = addressesOf(live.find(({ kind, metadata }) => kind === KIND && metadata.name === name))
    const others = pools.flatMap(([other, { addresses }]) => (other === name ? [] : rangesOf(addresses)))
    if (!rangesOf(had).some((range) => others.some((other) => overlap(range, other)))) return []
    const wanted = rangesOf(pool.addresses)
    const kept = rangesOf(had).flatMap((range) => wanted.flatMap((other) => intersection(range, other) ?? []))
    const addresses = kept.map(rangeText)
    const to = addresses.length === 0 ? 'deleted, and made anew' : `${addresses.join(', ')} until the others are there`
    const change: Change = { what: `${KIND} ${name}`, from: had.join(', '), to, disrupts: DISRUPTS }
    return [{ change, object: poolObject(name, { ...pool, addresses }), goes: addresses.length === 0 }]
  })
}

/** What `poolsInTheWay` is to be told of. */
export function poolRefs({ metallb: { pools } }: LoadBalancer) {
  return Object.entries(pools).map(([name, pool]) => {
    const { kind, metadata } = poolObject(name, pool)
    return { apiVersion: METALLB_KINDS[KIND] ?? '', kind, namespace: metadata.namespace ?? '', name }
  })
}

function addressesOf(pool: KubeObject | undefined): readonly string[] {
  const { addresses } = (pool?.spec ?? {}) as { readonly addresses?: unknown }
  return Array.isArray(addresses) ? addresses.map(String) : []
}

function rangesOf(addresses: readonly string[]): readonly AddressRange[] {
  return addresses.flatMap((text) => parseRange(text) ?? [])
}
