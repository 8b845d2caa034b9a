import type { HostPlan, PlannedResource } from '../core/plan.ts'
import { count } from './figure.ts'

export type Sign = '+' | '~' | '-'

/** What a plan adds up to. */
export interface PlanCount {
  readonly add: number
  readonly change: number
  readonly remove: number
  /** Not known before something else is there. */
  readonly later: number
  readonly same: number
  readonly met: number
  readonly unmet: number
  readonly advised: number
  readonly accepted: number
  /** Could not be looked at. */
  readonly failed: number
}

/** Whether the thing as a whole appears, disappears, or only differs. */
export function signOf({ changes }: PlannedResource): Sign {
  const whole = changes.find(({ what }) => what === '') ?? (changes.length === 1 ? changes[0] : undefined)
  if (whole?.from === 'absent') return '+'
  return whole?.to === 'absent' ? '-' : '~'
}

/** A resource that will be done as printed, or as expected. */
export function isChange({ verdict, changes }: PlannedResource): boolean {
  return verdict === 'change' || (verdict === 'expected' && changes.length > 0)
}

export function countPlan(plans: readonly HostPlan[]): PlanCount {
  const counts = {
    add: 0,
    change: 0,
    remove: 0,
    later: 0,
    same: 0,
    met: 0,
    unmet: 0,
    advised: 0,
    accepted: 0,
    failed: 0,
  }
  for (const resource of plans.flatMap(({ resources }) => resources)) counts[slot(resource)]++
  return counts
}

const SIGNED = { '+': 'add', '~': 'change', '-': 'remove' } as const

function slot(resource: PlannedResource): keyof PlanCount {
  const { verdict } = resource
  if (verdict !== 'change' && verdict !== 'expected') return verdict
  return isChange(resource) ? SIGNED[signOf(resource)] : 'same'
}

/** Nothing will be done to any of these hosts. */
export function isQuiet(plans: readonly HostPlan[]): boolean {
  const { add, change, remove, later, failed } = countPlan(plans)
  return add + change + remove + later + failed === 0
}

/** `14 to add, 3 to change, 2 known later`. */
export function describeChanges({ add, change, remove, later }: PlanCount): string {
  const parts = [
    [add, 'to add'],
    [change, 'to change'],
    [remove, 'to remove'],
    [later, 'known later'],
  ] as const
  const text = parts.flatMap(([number, what]) => (number > 0 ? [`${number} ${what}`] : []))
  return text.join(', ') || 'no changes'
}

/** `12 requirements met, 5 accepted, 1 unmet`; empty when there are none. */
export function describeRequirements({ met, accepted, unmet, advised }: PlanCount): string {
  const parts = [
    [met, 'met'],
    [accepted, 'accepted'],
    [advised, 'not as advised'],
    [unmet, 'unmet'],
  ] as const
  const [first, ...rest] = parts.filter(([number]) => number > 0)
  if (!first) return ''
  return [`${count(first[0], 'requirement')} ${first[1]}`, ...rest.map(([number, what]) => `${number} ${what}`)].join(
    ', ',
  )
}
