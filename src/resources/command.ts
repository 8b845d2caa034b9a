import type { Change } from '../core/change.ts'
import { InputError } from '../core/errors.ts'
import type { Answers, AnyProbe } from '../core/fact.ts'
import { type Resource, type ResourceOptions, type ResourceType, resource } from '../core/resource.ts'
import type { Step } from '../core/step.ts'
import { hostPath } from '../facts/host-path.ts'
import { pathProbe } from '../facts/path.ts'
import { unlessProbe } from '../facts/unless.ts'

/** How one can see that a command need not run. Exactly one of them: a command that cannot be observed does not exist. */
export type CommandEvidence =
  /** There is something at this path. */
  | { readonly creates: string; readonly unless?: never; readonly probes?: never; readonly holds?: never }
  /** This sh, which must only read, ends with status 0. */
  | { readonly unless: string; readonly creates?: never; readonly probes?: never; readonly holds?: never }
  /** These answers say so: what they show, or nothing when it has to run. */
  | {
      readonly probes: readonly AnyProbe[]
      readonly holds: (answers: Answers) => string | undefined
      readonly creates?: never
      readonly unless?: never
    }

export type CommandWant = CommandEvidence & {
  /** What it does, for key and plan: `initialise the database`. */
  readonly name: string
  /** POSIX sh, run as root. Must be able to start from half of its own work. */
  readonly run: string
  readonly timeoutMs?: number
  /** What it interrupts, e.g. `restarts the database`. */
  readonly disrupts?: string
}

interface Have {
  /** What shows that it need not run. */
  readonly evidence?: string
}

/** Something only a command can do. It runs until its evidence is there, and the run fails when it is not there afterwards. */
export function command(want: CommandWant, options?: ResourceOptions): Resource {
  const given = [want.creates, want.unless, want.probes].filter((one) => one !== undefined)
  if (given.length !== 1 || want.unless === '' || want.probes?.length === 0)
    throw new InputError({
      what: `command ${JSON.stringify(want.name)} does not say how one can see that it is done`,
      fix: 'give it exactly one of: creates (a path), unless (read-only sh), probes with holds',
    })
  if (!/^[\x20-\x7e]+$/.test(want.name))
    throw new InputError({ what: `${JSON.stringify(want.name)} is not a name for a command: one plain line is wanted` })
  if (want.creates !== undefined) hostPath(want.creates)
  return resource(commandType, want, options)
}

export const commandType: ResourceType<CommandWant, Have> = {
  name: 'command',
  key: ({ name }) => `command:${name}`,
  paths: ({ creates }) => (creates === undefined ? [] : [creates]),
  probes: ({ creates, unless, probes }) =>
    probes ?? (creates === undefined ? [unlessProbe(unless ?? '')] : [pathProbe(creates)]),
  observe({ creates, unless, holds }, answers) {
    const evidence = holds
      ? holds(answers)
      : creates === undefined
        ? answers.get(unlessProbe(unless ?? ''))
          ? 'its check holds'
          : undefined
        : answers.get(pathProbe(creates)).kind === 'absent'
          ? undefined
          : `${creates} is there`
    return evidence === undefined ? {} : { evidence }
  },
  diff({ name, creates, disrupts }, { evidence }): readonly Change[] {
    if (evidence !== undefined) return []
    const from = creates === undefined ? 'not done' : `${creates} is absent`
    return [{ what: '', from, to: name, ...(disrupts === undefined ? {} : { disrupts }) }]
  },
  steps({ name, run, timeoutMs }, { evidence }): readonly Step[] {
    if (evidence !== undefined) return []
    return [{ title: name, body: run, ...(timeoutMs === undefined ? {} : { timeoutMs }) }]
  },
  evidence: (_want, { evidence }) => evidence ?? '',
}
