import type { Node, ResourceOptions } from '../src/index.ts'

/** What a network's pods on other hosts wait for: that the first control plane has applied it. */
export function onceApplied({ membership }: Node): Pick<ResourceOptions, 'until'> {
  return membership.network ? { until: membership.network.value } : {}
}

/** Given by whatever applies it. */
export function asApplied({ membership }: Node): Pick<ResourceOptions, 'gives'> {
  return membership.network ? { gives: membership.network } : {}
}
