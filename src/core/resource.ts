import type { Change } from './change.ts'
import { type Decision, notMade, orUnknown, type Unknown } from './decision.ts'
import type { Answers, AnyProbe } from './fact.ts'
import type { Figure } from './figure.ts'
import type { Giver } from './giver.ts'
import type { Step } from './step.ts'
import type { Value } from './value.ts'

/**
 * `file:/etc/x`, `sysctl:net.ipv4.ip_forward`, `unit:kubelet.service`: names one thing on a host. Has one owner, and so has
 * the path in it: whoever writes `/etc/x` as a whole. `lines:/etc/x#name` is a part of it, beside parts of the same kind.
 */
export type Key = `${string}:${string}`

/**
 * A kind of thing on a host. It decides; it cannot act: no session appears in its signature.
 * Laws, tested for every type: after `steps` a new look has no `diff`; `diff` is empty exactly when `steps` is.
 */
export interface ResourceType<Want, Have> {
  readonly name: string
  key(want: Want): Key
  /** What to look at. */
  probes(want: Want): readonly AnyProbe[]
  /**
   * What to look at besides, where the probes alone cannot tell that nothing differs. Asked in a second look, and only then:
   * for questions that cost much more.
   */
  closer?(want: Want, answers: Answers): readonly AnyProbe[]
  /** @throws FactError, which the engine turns into `unknown`. */
  observe(want: Want, answers: Answers): Have | Unknown
  /**
   * Which of the probes the host asks again before the steps; all of them when left out. For steps that wait for something
   * and cope with it being there already: what they wait for may come between look and act.
   */
  guards?(want: Want): readonly AnyProbe[]
  diff(want: Want, have: Have): readonly Change[]
  steps(want: Want, have: Have): readonly Step[]
  /**
   * Where on the host its steps write: files, or folders with everything in them. Shown with the plan, and what a test
   * holds against the paths that really changed. Left out when the key says it (`file:/etc/x`).
   */
  paths?(want: Want, have?: Have): readonly string[]
  /** What one can say of it when nothing differs: the evidence in a proof. */
  evidence?(want: Want, have: Have): string
  /** What was counted beside it. */
  figures?(want: Want, have: Have): readonly Figure[]
}

/** A resource with its types erased: what plays list and the engine handles. */
export interface Resource {
  readonly key: Key
  /** As it stands in plan and tree. */
  readonly title: string
  /** Keys whose pending change may alter what is seen here: looked at again once they are done. */
  readonly after: readonly Key[]
  /** A value it is made from, when that is not known at compile time. */
  readonly value?: Value<unknown>
  /** A value its steps are made from, or that must be there before it can be seen. */
  readonly until?: Value<unknown> | undefined
  /** What others wait for, given once this is as wanted. */
  readonly gives?: Giver
  /** Where its steps write. */
  readonly paths: readonly string[]
  /** Empty while `value` is unknown. */
  readonly probes: readonly AnyProbe[]
  /** What must still be seen as it was when the steps begin. */
  readonly guards: readonly AnyProbe[]
  /** What to look at besides, given what the probes saw. */
  closer(answers: Answers): readonly AnyProbe[]
  decide(answers: Answers): Decision
}

export interface ResourceOptions {
  readonly title?: string
  readonly after?: readonly Key[]
  /**
   * Its steps need this value, which another host or this machine makes; its look does not. So nothing is waited for where
   * nothing differs.
   */
  readonly until?: Value<unknown>
  /** What becomes of it when that value cannot be made: it fails, or is left as it is because its maker failed already. */
  readonly withoutIt?: 'fail' | 'leave'
  readonly gives?: Giver
}

export function resource<Want, Have>(
  type: ResourceType<Want, Have>,
  want: Want,
  options: ResourceOptions = {},
): Resource {
  const key = type.key(want)
  return {
    key,
    title: options.title ?? key,
    after: options.after ?? [],
    paths: type.paths?.(want) ?? pathIn(key),
    probes: type.probes(want),
    guards: type.guards?.(want) ?? type.probes(want),
    closer: (answers) => type.closer?.(want, answers) ?? [],
    ...(options.until ? { until: options.until } : {}),
    ...(options.gives ? { gives: options.gives } : {}),
    decide: (answers) =>
      waiting(
        orUnknown(() => decideFrom(type, want, answers, options)),
        options,
      ),
  }
}

function decideFrom<Want, Have>(
  type: ResourceType<Want, Have>,
  want: Want,
  answers: Answers,
  { until }: ResourceOptions,
): Decision {
  const have = type.observe(want, answers)
  if (isUnknown(have)) {
    const { unknown, ...told } = have
    return { verdict: 'unknown', reason: unknown, ...told }
  }
  const changes = type.diff(want, have)
  if (changes.length > 0) {
    const steps = until === undefined || isThere(until) ? type.steps(want, have) : []
    const differs = { verdict: 'differs', changes, steps } as const
    return type.paths ? { ...differs, paths: type.paths(want, have) } : differs
  }
  const evidence = type.evidence?.(want, have)
  const figures = type.figures?.(want, have) ?? []
  return {
    verdict: 'same',
    ...(evidence === undefined ? {} : { evidence }),
    ...(figures.length === 0 ? {} : { figures }),
  }
}

function isThere(value: Value<unknown>): boolean {
  return value.known && value.error === undefined
}

/** What differs, or cannot be seen, waits for the value it needs. */
function waiting(decision: Decision, { until, withoutIt = 'fail' }: ResourceOptions): Decision {
  if (until === undefined || (decision.verdict !== 'differs' && decision.verdict !== 'unknown')) return decision
  if (decision.verdict === 'unknown' && decision.final) return decision
  if (!until.known) return { ...decision, awaits: until.label }
  if (until.error === undefined) return decision
  return withoutIt === 'fail'
    ? notMade(until.error)
    : { verdict: 'same', evidence: `left alone: ${until.error.message}` }
}

/** The path a key names, if it names one: `file:/etc/x` does, `unit:kubelet.service` does not. */
export function pathIn(key: Key): readonly string[] {
  const [, path = ''] = /^[a-z-]+:(\/.*)$/.exec(key) ?? []
  return path === '' ? [] : [path]
}

function isUnknown(have: unknown): have is Unknown {
  return typeof have === 'object' && have !== null && 'unknown' in have && typeof have.unknown === 'string'
}
