import { notMade } from '../core/decision.ts'
import type { Resource } from '../core/resource.ts'
import type { Value } from '../core/value.ts'
import { nodeProbe } from '../facts/kube-node.ts'
import type { KubeObject } from '../facts/kube-object.ts'

export interface TurnWant {
  readonly node: string
  /** What is waited for. */
  readonly given: Value<boolean>
  readonly title: string
  /** Why there is nothing to wait for, told from its Node. */
  readonly needless: (node: KubeObject) => string | undefined
}

/** Nothing goes on here before this is so: what comes in later sections waits with it. Nothing is changed. */
export function turn({ node, given, title, needless }: TurnWant): Resource {
  const asked = nodeProbe(node)
  return {
    key: `turn:${node}`,
    title,
    after: [],
    until: given,
    paths: [],
    probes: [asked],
    guards: [],
    closer: () => [],
    decide(answers) {
      const seen = answers.get(asked)
      const why = seen.state === 'present' ? needless(seen.object) : undefined
      if (why !== undefined) return { verdict: 'same', evidence: why }
      if (!given.known) return { verdict: 'unknown', reason: `known after ${given.label}`, awaits: given.label }
      return given.error === undefined ? { verdict: 'same', evidence: given.label } : notMade(given.error)
    },
  }
}
