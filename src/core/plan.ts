import { createHash } from 'node:crypto'
import type { Change, Finding, Key } from './resource.ts'

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

/** One way in which a host is no longer what a saved plan saw. */
export interface Move {
  readonly host: string
  readonly key: string
  readonly what: string
}

/** What keeps `saved` from being carried out as it was printed; empty when nothing does. */
export function movesBetween(saved: HostPlan, now: HostPlan): readonly Move[] {
  const move = (key: string, what: string): Move => ({ host: now.host, key, what })
  const moves: Move[] = []
  if (saved.hostKey !== now.hostKey) moves.push(move('host key', `was ${saved.hostKey}, is ${now.hostKey}`))
  const before = new Map(saved.resources.map((resource) => [resource.key, resource]))
  for (const resource of now.resources) {
    const was = before.get(resource.key)
    before.delete(resource.key)
    if (!was) moves.push(move(resource.key, 'is not in the saved plan'))
    else if (was.verdict !== resource.verdict)
      moves.push(move(resource.key, `was planned as ${was.verdict}, is ${resource.verdict} now`))
    else if (resource.verdict === 'change' && was.seen !== resource.seen)
      moves.push(move(resource.key, describeMove(was, resource)))
    else if (stepDigests(was) !== stepDigests(resource))
      moves.push(move(resource.key, 'needs other steps than were planned'))
  }
  for (const key of before.keys()) moves.push(move(key, 'is in the saved plan and no longer wanted'))
  return moves
}

function describeMove(was: PlannedResource, now: PlannedResource): string {
  const text = (resource: PlannedResource) =>
    resource.changes.map(({ what, from }) => `${what || 'it'}: ${from}`).join(', ')
  return text(was) === text(now) ? 'is not what the plan saw' : `was ${text(was)}; is ${text(now)} now`
}

function stepDigests(resource: PlannedResource): string {
  return resource.steps.map((step) => step.sha256).join(' ')
}
