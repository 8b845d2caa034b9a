import { orUnknown } from './decision.ts'
import type { Answers, AnyProbe } from './fact.ts'
import type { Finding } from './finding.ts'
import type { Resource } from './resource.ts'

export interface Gate {
  /** Whether the first look alone says that nothing holds it back. */
  opened(answers: Answers): boolean
  /** What is looked at besides where it does not. */
  readonly probes: readonly AnyProbe[]
  /** What holds it back; nothing where nothing does. */
  finding(answers: Answers): Finding | undefined
}

/** A resource that is left as it is while something speaks against it: said every time, and no obstacle to the rest. */
export function held(inner: Resource, gate: Gate): Resource {
  return {
    ...inner,
    closer: (answers) => [...inner.closer(answers), ...(gate.opened(answers) ? [] : gate.probes)],
    decide: (answers) =>
      orUnknown(() => {
        const finding = gate.opened(answers) ? undefined : gate.finding(answers)
        return finding ? { verdict: 'finding', finding } : inner.decide(answers)
      }),
  }
}
