import { createHash } from 'node:crypto'
import type { Change } from './change.ts'
import type { Figure } from './figure.ts'
import type { Finding } from './finding.ts'
import type { Key } from './resource.ts'

/**
 * What a run would do, as data. Printed by a dry run, saved with `--out`, compared when a saved plan is applied.
 */
export interface Plan {
  readonly format: 1
  /** Version of provision that made it. */
  readonly version: string
  /** Digest of the inventory it was made from. */
  readonly inventory: string
  readonly hosts: readonly HostPlan[]
}

export interface HostPlan {
  readonly host: string
  readonly hostKey: string
  readonly resources: readonly PlannedResource[]
}

export interface PlannedResource {
  readonly key: Key
  readonly title: string
  readonly section: string
  /**
   * - `change`: will be done as printed, or refused when the host moved.
   * - `expected`: as printed if what it comes after does what it should; looked at again then.
   * - `later`: cannot be known before `after` is there.
   */
  readonly verdict: 'same' | 'change' | 'expected' | 'later' | 'met' | 'unmet' | 'advised' | 'accepted' | 'failed'
  readonly changes: readonly Change[]
  readonly steps: readonly { readonly title: string; readonly sha256: string }[]
  /** Where its steps write: files, or folders with everything in them. */
  readonly paths: readonly string[]
  /** Digest of what was seen on the host when this was decided. */
  readonly seen: string
  /** Keys, or labels of values, it waits for. */
  readonly after: readonly string[]
  readonly finding?: Finding
  /** What was seen where nothing differs; or why it cannot be known. */
  readonly note?: string
  /** What was counted where nothing differs. */
  readonly figures?: readonly Figure[]
}

export function sha256(text: string | Uint8Array): string {
  return createHash('sha256').update(text).digest('hex')
}

/** Digest of what probes saw: the same text that the guard on the host digests. */
export function seenDigest(lines: readonly string[]): string {
  return sha256(lines.map((line) => `${line}\n`).join(''))
}

/** Resources of a plan that will or may change the host. */
export function pending(plan: HostPlan): readonly PlannedResource[] {
  return plan.resources.filter(({ verdict }) => verdict === 'change' || verdict === 'expected' || verdict === 'later')
}
