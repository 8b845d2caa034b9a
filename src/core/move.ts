import type { Change } from './change.ts'
import type { HostPlan, PlannedResource } from './plan.ts'

/** One way in which a host is no longer what a saved plan saw. */
export interface Move {
  readonly host: string
  readonly key: string
  readonly what: string
}

/**
 * What keeps `saved` from being carried out as it was printed; empty when nothing does. What it planned for later was not
 * printed, so nothing holds it to anything; requirements are judged anew by every run.
 */
export function movesBetween(saved: HostPlan, now: HostPlan): readonly Move[] {
  const move = (key: string, what: string): Move => ({ host: now.host, key, what })
  const moves: Move[] = []
  if (saved.hostKey !== now.hostKey) moves.push(move('host key', `was ${saved.hostKey}, is ${now.hostKey}`))
  const before = new Map(saved.resources.map((resource) => [resource.key, resource]))
  for (const resource of now.resources) {
    const was = before.get(resource.key)
    before.delete(resource.key)
    const what = was ? moved(was, resource) : 'is not in the saved plan'
    if (what !== undefined) moves.push(move(resource.key, what))
  }
  // Findings of all hosts together are in what was saved, and come later than this.
  for (const [key, { finding }] of before)
    if (!finding) moves.push(move(key, 'is in the saved plan and no longer wanted'))
  return moves
}

function moved(was: PlannedResource, now: PlannedResource): string | undefined {
  if (was.verdict === 'later' || (was.finding && now.finding)) return undefined
  if (was.verdict !== now.verdict) return `was planned as ${was.verdict}, is ${now.verdict} now`
  if (was.seen !== now.seen) return describeMove(was, now)
  return same(digestsOf(was), digestsOf(now)) ? undefined : 'needs other steps than were planned'
}

/**
 * How what is about to be done to a resource, decided after a new look, goes beyond what was printed of it; undefined when
 * it does not. Less than was printed is no departure, nor is what was only to be known later. Where an `expected` resource
 * starts from may differ: what it comes after was to change just that.
 */
export function departure(was: PlannedResource | undefined, now: PlannedResource): string | undefined {
  if (now.steps.length === 0 || was?.verdict === 'later') return undefined
  if (!was) return `is not in the saved plan; it is ${describe(now)} now`
  const kept =
    was.verdict === 'change' ? was.seen === now.seen : includes(was.changes.map(promise), now.changes.map(promise))
  if (kept && includes(digestsOf(was), digestsOf(now))) return undefined
  return `was planned as ${describe(was)}; it is ${describe(now)} now`
}

function digestsOf({ steps }: PlannedResource): readonly string[] {
  return steps.map(({ sha256 }) => sha256)
}

/** What a change leads to, whatever it starts from. */
function promise({ what, to, disrupts }: Change): string {
  return JSON.stringify([what, to, disrupts])
}

function same(was: readonly string[], now: readonly string[]): boolean {
  return was.length === now.length && was.every((each, i) => each === now[i])
}

function includes(was: readonly string[], now: readonly string[]): boolean {
  return now.every((each) => was.includes(each))
}

function describeMove(was: PlannedResource, now: PlannedResource): string {
  const text = (resource: PlannedResource) =>
    resource.changes.map(({ what, from }) => `${what || 'it'}: ${from}`).join(', ')
  return text(was) === text(now) ? 'is not what the plan saw' : `was ${text(was)}; is ${text(now)} now`
}

/** `content: a → b (restarts x) by write /etc/x`, or `no change`. */
function describe({ changes, steps }: PlannedResource): string {
  if (changes.length === 0) return 'no change'
  const parts = changes.map(
    ({ what, from, to, disrupts }) => `${what || 'it'}: ${from} → ${to}${disrupts ? ` (${disrupts})` : ''}`,
  )
  return `${parts.join(', ')} by ${steps.map(({ title }) => title).join(', ')}`
}
