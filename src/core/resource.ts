import { ProvisionError, type Trouble } from './errors.ts'
import type { Answers, AnyProbe } from './fact.ts'
import { FactError } from './fact-error.ts'
import type { Blob } from './host.ts'
import type { Value } from './value.ts'

/** `file:/etc/x`, `sysctl:net.ipv4.ip_forward`, `unit:kubelet.service`: names one thing on a host. Has one owner. */
export type Key = `${string}:${string}`

/** One difference between what is and what is wanted. */
export interface Change {
  /** The attribute, e.g. `mode`; empty when it is the thing as a whole. */
  readonly what: string
  /** As a person reads it; `absent` when there is nothing. */
  readonly from: string
  readonly to: string
  /** Whole texts, for a unified diff. Never set for secrets. */
  readonly text?: { readonly before: string; readonly after: string }
  /** What the change interrupts, e.g. `restarts containerd.service`. */
  readonly disrupts?: string
}

/** One action on the host. Data: the same want and have give the same bytes. */
export interface Step {
  /** Imperative, short: `write /etc/hosts`. */
  readonly title: string
  /**
   * POSIX sh, run as root in a subshell with `umask 077` and no stdin; status 0 means done. `blob SHA256` prints the path
   * of a staged blob. A step may be run again after a crash, so it must be able to start from half of its own work.
   */
  readonly body: string
  readonly blobs?: readonly Blob[]
  /** Longest time it may take. Default 60 s. */
  readonly timeoutMs?: number
  /** Restarts the machine. The engine runs it alone and waits for another boot id. */
  readonly reboots?: boolean
}

/** A verdict on something we never change. */
export interface Finding {
  /** Stable id, e.g. `etcd-fsync`: what an inventory's `accept` names. */
  readonly id: string
  readonly met: boolean
  /** What was seen, with its unit. */
  readonly evidence: string
  /** What would be right. */
  readonly threshold: string
  /** `required` stops the host; `advised` is only shown. */
  readonly severity: 'required' | 'advised'
  readonly fix?: string
  /** Why the operator lives with it; set when the inventory accepts it. */
  readonly accepted?: string
}

/** What a finding means for its host. */
export function judged({ met, accepted, severity }: Finding): 'met' | 'accepted' | 'unmet' | 'advised' {
  if (met) return 'met'
  if (accepted !== undefined) return 'accepted'
  return severity === 'required' ? 'unmet' : 'advised'
}

export type Unknown = { readonly unknown: string }

/**
 * A kind of thing on a host. It decides; it cannot act: no session appears in its signature.
 * Laws, tested for every type: after `steps` a new look has no `diff`; `diff` is empty exactly when `steps` is.
 */
export interface ResourceType<Want, Have> {
  readonly name: string
  key(want: Want): Key
  /** What to look at. */
  probes(want: Want): readonly AnyProbe[]
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
  paths?(want: Want): readonly string[]
  /** What one can say of it when nothing differs: the evidence in a proof. */
  evidence?(want: Want, have: Have): string
}

export type Decision =
  | { readonly verdict: 'same'; readonly evidence?: string }
  | { readonly verdict: 'differs'; readonly changes: readonly Change[]; readonly steps: readonly Step[] }
  | { readonly verdict: 'unknown'; readonly reason: string; readonly trouble?: Trouble }
  | { readonly verdict: 'finding'; readonly finding: Finding }

/** A resource with its types erased: what plays list and the engine handles. */
export interface Resource {
  readonly key: Key
  /** As it stands in plan and tree. */
  readonly title: string
  /** Keys whose pending change may alter what is seen here: looked at again once they are done. */
  readonly after: readonly Key[]
  /** A value it is made from, when that is not known at compile time. */
  readonly value?: Value<unknown>
  /** Where its steps write. */
  readonly paths: readonly string[]
  /** Empty while `value` is unknown. */
  readonly probes: readonly AnyProbe[]
  /** What must still be seen as it was when the steps begin. */
  readonly guards: readonly AnyProbe[]
  decide(answers: Answers): Decision
}

export interface ResourceOptions {
  readonly title?: string
  readonly after?: readonly Key[]
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
    decide: (answers) =>
      orUnknown(() => {
        const have = type.observe(want, answers)
        if (isUnknown(have)) return { verdict: 'unknown', reason: have.unknown }
        const changes = type.diff(want, have)
        if (changes.length > 0) return { verdict: 'differs', changes, steps: type.steps(want, have) }
        const evidence = type.evidence?.(want, have)
        return evidence === undefined ? { verdict: 'same' } : { verdict: 'same', evidence }
      }),
  }
}

/** Something that can only be met or unmet. A host with an unmet required one is not changed at all. */
export function requirement(want: {
  readonly id: string
  readonly title: string
  readonly probes: readonly AnyProbe[]
  judge(answers: Answers): Finding
}): Resource {
  return {
    key: `requirement:${want.id}`,
    title: want.title,
    after: [],
    paths: [],
    probes: want.probes,
    guards: [],
    decide: (answers) => orUnknown(() => ({ verdict: 'finding', finding: want.judge(answers) })),
  }
}

/** A resource made from a value that is not known yet. Its key is, so that ownership and order can be checked. */
export function later<T>(
  key: Key,
  value: Value<T>,
  make: (value: T) => Resource,
  options: ResourceOptions = {},
): Resource {
  let made: Resource | undefined
  const inner = (): Resource => {
    made ??= make(value.get())
    if (made.key !== key) throw new Error(`${key} was promised, ${made.key} was made`)
    return made
  }
  return {
    key,
    title: options.title ?? key,
    after: options.after ?? [],
    value,
    get paths() {
      return value.known && value.error === undefined ? inner().paths : pathIn(key)
    },
    get guards() {
      return value.known && value.error === undefined ? inner().guards : []
    },
    get probes() {
      return value.known && value.error === undefined ? inner().probes : []
    },
    decide(answers) {
      if (!value.known) return { verdict: 'unknown', reason: `known after ${value.label}` }
      if (value.error !== undefined) return notMade(value.error)
      return inner().decide(answers)
    },
  }
}

function notMade(error: Error): Decision {
  const base = { verdict: 'unknown', reason: error.message } as const
  return error instanceof ProvisionError ? { ...base, trouble: error.trouble } : base
}

/** The path a key names, if it names one: `file:/etc/x` does, `unit:kubelet.service` does not. */
function pathIn(key: Key): readonly string[] {
  const [, path = ''] = /^[a-z-]+:(\/.*)$/.exec(key) ?? []
  return path === '' ? [] : [path]
}

function isUnknown(have: unknown): have is Unknown {
  return typeof have === 'object' && have !== null && 'unknown' in have && typeof have.unknown === 'string'
}

function orUnknown(decide: () => Decision): Decision {
  try {
    return decide()
  } catch (error) {
    if (error instanceof FactError) return { verdict: 'unknown', reason: error.message }
    throw error
  }
}

/** Shown when a resource type breaks its promise: its steps ran, and a new look still finds a difference. */
export function notConverged(key: Key, changes: readonly Change[]): Trouble {
  const rest = changes.map((change) => `${change.what || key}: ${change.from}, not ${change.to}`).join('; ')
  return {
    what: `${key} did not converge: ${rest}`,
    why: 'its steps succeeded, and still the host does not look as planned: something else on the host may be writing to it',
    fix: 'run `provision up` again with `--json` and look at what writes to it; if it stays so, this is a bug of provision',
  }
}
