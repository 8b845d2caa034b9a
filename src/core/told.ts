import type { AnyProbe } from './fact.ts'
import type { Giver } from './giver.ts'
import type { Key, Resource } from './resource.ts'

/** Something only looked at, because others want to know it. */
export function told(want: {
  readonly key: Key
  readonly title: string
  readonly probes: readonly AnyProbe[]
  readonly gives: Giver
}): Resource {
  return { ...want, after: [], paths: [], guards: [], closer: () => [], decide: () => ({ verdict: 'same' }) }
}
