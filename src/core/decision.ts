import type { Change } from './change.ts'
import { ProvisionError, type Trouble } from './errors.ts'
import { FactError } from './fact-error.ts'
import type { Figure } from './figure.ts'
import type { Finding } from './finding.ts'
import type { Step } from './step.ts'

/** `final`: nothing that is still being made will tell. `trouble`: what to tell where that is more than why it is unknown. */
export type Unknown = { readonly unknown: string; readonly final?: true; readonly trouble?: Trouble }

/** `awaits`: more is known once this value is; it is the label of one that is still being made. */
export type Decision =
  | { readonly verdict: 'same'; readonly evidence?: string; readonly figures?: readonly Figure[] }
  | {
      readonly verdict: 'differs'
      readonly changes: readonly Change[]
      readonly steps: readonly Step[]
      /** Where these steps write, if what was seen says it better than the want alone. */
      readonly paths?: readonly string[]
      readonly awaits?: string
    }
  | {
      readonly verdict: 'unknown'
      readonly reason: string
      readonly trouble?: Trouble
      readonly final?: true
      readonly awaits?: string
    }
  | { readonly verdict: 'finding'; readonly finding: Finding }

/** A value it needs could not be made. */
export function notMade(error: Error): Decision {
  const base = { verdict: 'unknown', reason: error.message } as const
  return error instanceof ProvisionError ? { ...base, trouble: error.trouble } : base
}

/** What is to be looked at more closely; where the first look cannot be read, nothing: deciding tells why. */
export function orNothing<T>(closer: () => readonly T[]): readonly T[] {
  try {
    return closer()
  } catch (error) {
    if (error instanceof FactError) return []
    throw error
  }
}

/** What the host said cannot be read. */
export function orUnknown(decide: () => Decision): Decision {
  try {
    return decide()
  } catch (error) {
    if (error instanceof FactError) return { verdict: 'unknown', reason: error.message }
    throw error
  }
}
