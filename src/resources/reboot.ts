import type { Change } from '../core/change.ts'
import { InputError } from '../core/errors.ts'
import type { Answers, AnyProbe } from '../core/fact.ts'
import { type Resource, type ResourceOptions, type ResourceType, resource } from '../core/resource.ts'
import type { Step } from '../core/step.ts'
import { bootProbe, newerKernel } from '../facts/boot.ts'

/**
 * What makes a restart necessary:
 * - `newer kernel`: one of the running kernel's flavour is installed and newer.
 * - `packages ask`: Debian's and Ubuntu's /run/reboot-required is there.
 * - probes and a judge of your own: the reason, or nothing. It must be gone after the restart.
 */
export type RebootReason =
  | 'newer kernel'
  | 'packages ask'
  | { readonly probes: readonly AnyProbe[]; readonly reason: (answers: Answers) => string | undefined }

export interface RebootWant {
  readonly when: readonly RebootReason[]
}

/** One restart of the machine, only when there is a reason for it. The engine does it alone and waits for another boot id. */
export function reboot(want: RebootWant, options?: ResourceOptions): Resource {
  if (want.when.length === 0)
    throw new InputError({ what: 'reboot() needs a reason', fix: "give it when: ['newer kernel', 'packages ask']" })
  return resource(rebootType, want, { title: 'restart', ...options })
}

interface Have {
  readonly kernel: string
  readonly reasons: readonly string[]
}

export const rebootType: ResourceType<RebootWant, Have> = {
  name: 'reboot',
  key: () => 'reboot:host',
  probes: ({ when }) => [bootProbe, ...when.flatMap((reason) => (typeof reason === 'string' ? [] : reason.probes))],
  observe({ when }, answers) {
    const { kernel } = answers.get(bootProbe)
    return { kernel, reasons: when.map((reason) => judge(reason, answers)).filter((found) => found !== undefined) }
  },
  diff: (_want, { reasons }): readonly Change[] =>
    reasons.length === 0
      ? []
      : [
          {
            what: '',
            from: reasons.join('; '),
            to: 'restarted',
            disrupts: 'restarts the machine and all that runs on it',
          },
        ],
  steps: (_want, { reasons }): readonly Step[] =>
    reasons.length === 0 ? [] : [{ title: 'restart the machine', body: 'sync', reboots: true }],
  evidence: (_want, { kernel }) => `kernel ${kernel}, no restart due`,
}

function judge(reason: RebootReason, answers: Answers): string | undefined {
  if (typeof reason !== 'string') return reason.reason(answers)
  const seen = answers.get(bootProbe)
  if (reason === 'newer kernel') {
    const newest = newerKernel(seen)
    return newest === undefined ? undefined : `kernel ${newest} is installed, ${seen.kernel} runs`
  }
  if (!seen.requiredBy) return undefined
  return seen.requiredBy.length === 0
    ? 'packages ask for a restart'
    : `${seen.requiredBy.join(', ')} asks for a restart`
}
