import { orUnknown } from './decision.ts'
import type { Answers, AnyProbe } from './fact.ts'
import type { Finding } from './finding.ts'
import type { Resource } from './resource.ts'

/** Something that can only be met or unmet. A host with an unmet required one is not changed at all. */
export function requirement(want: {
  readonly id: string
  readonly title: string
  readonly probes: readonly AnyProbe[]
  judge(answers: Answers): Omit<Finding, 'id'>
}): Resource {
  return {
    key: `requirement:${want.id}`,
    title: want.title,
    after: [],
    paths: [],
    probes: want.probes,
    guards: [],
    closer: () => [],
    decide: (answers) => orUnknown(() => ({ verdict: 'finding', finding: { id: want.id, ...want.judge(answers) } })),
  }
}
