import type { Change } from '../core/change.ts'
import type { HostPlan, PlannedResource } from '../core/plan.ts'
import { type DiffText, fold, paintDiff, unifiedDiff } from './diff.ts'
import { count } from './figure.ts'
import { findingLines } from './finding.ts'
import type { Paint } from './paint.ts'
import { countPlan, describeChanges, describeRequirements, isChange, signOf } from './plan-count.ts'
import { inert, inertLines } from './sanitise.ts'

export interface PlanTextOptions {
  readonly paint: Paint
  /** Whole diffs, and every requirement and unchanged resource by name. */
  readonly verbose: boolean
}

/** From this many on, resources of a section that wait for the same thing are only counted. */
const FOLD_LATER = 6

/** The plan of all hosts, as a person reads it. Hosts whose plans are alike share one block. */
export function planText(plans: readonly HostPlan[], options: PlanTextOptions): readonly string[] {
  const shown = new Map<string, string>()
  const groups = Map.groupBy(plans, (plan) => JSON.stringify(plan.resources.map(comparable)))
  const blocks = [...groups.values()].flatMap((alike) => {
    const [first] = alike
    return first ? [...heading(alike, options), ...new HostText(first, options, shown).lines(), ''] : []
  })
  return [...blocks, ...totals(plans, options)]
}

/** What two plans must have in common to be printed as one. */
function comparable({ key, title, section, verdict, changes, after, finding, note }: PlannedResource): unknown {
  return [key, title, section, verdict, changes, after, finding, note]
}

/** Requirements alone, without a word about changes. */
export function requirementsText(plans: readonly HostPlan[], options: PlanTextOptions): readonly string[] {
  const judged = plans.map((plan) => ({ ...plan, resources: plan.resources.filter(({ finding }) => finding) }))
  const groups = Map.groupBy(judged, (plan) => JSON.stringify(plan.resources.map(comparable)))
  return [...groups.values()].flatMap((alike) => {
    const [first] = alike
    if (!first) return []
    const names = options.paint.strong(namesOf(alike))
    return [
      `${names}: ${describeRequirements(countPlan([first]))}`,
      ...new HostText(first, options, new Map()).lines(),
      '',
    ]
  })
}

function namesOf(alike: readonly HostPlan[]): string {
  const names = alike.map(({ host }) => inert(host)).join(', ')
  return alike.length > 1 ? `${names} (the same on ${alike.length} hosts)` : names
}

function heading(alike: readonly HostPlan[], { paint }: PlanTextOptions): readonly string[] {
  const [first] = alike
  const counts = countPlan(first ? [first] : [])
  const requirements = describeRequirements(counts)
  const rest = requirements && paint.faint(` · ${requirements}`)
  return [`${paint.strong(namesOf(alike))}: ${describeChanges(counts)}${rest}`]
}

function totals(plans: readonly HostPlan[], { paint }: PlanTextOptions): readonly string[] {
  const counts = countPlan(plans)
  const requirements = describeRequirements(counts)
  const rest = [`${counts.same} unchanged`, ...(requirements ? [requirements] : [])]
  return [`${paint.strong('Plan:')} ${count(plans.length, 'host')}: ${describeChanges(counts)}; ${rest.join('; ')}`]
}

/** One host's block, section by section; a section where nothing is to be said is left out. */
class HostText {
  readonly #plan: HostPlan
  readonly #options: PlanTextOptions
  /** Diffs that were printed, and on which host. */
  readonly #shown: Map<string, string>

  constructor(plan: HostPlan, options: PlanTextOptions, shown: Map<string, string>) {
    this.#plan = plan
    this.#options = options
    this.#shown = shown
  }

  lines(): readonly string[] {
    const sections = Map.groupBy(this.#plan.resources, ({ section }) => section)
    return [...sections].flatMap(([title, resources]) => {
      const lines = this.#section(resources)
      const same = resources.filter((resource) => isUnchanged(resource)).length
      if (lines.length === 0) return []
      const rest = same > 0 && !this.#options.verbose ? this.#options.paint.faint(`  (${same} unchanged)`) : ''
      return [`  ${this.#options.paint.strong(inert(title))}${rest}`, ...lines.map((line) => `    ${line}`)]
    })
  }

  /** Many lines that would all say `known after X` become one. */
  #section(resources: readonly PlannedResource[]): readonly string[] {
    const { paint, verbose } = this.#options
    const later = resources.filter(({ verdict }) => verdict === 'later')
    const alike = Map.groupBy(later, ({ after }) => JSON.stringify(after))
    const folded = new Set(verbose ? [] : [...alike.values()].filter((some) => some.length >= FOLD_LATER).flat())
    const lines = resources.filter((resource) => !folded.has(resource)).flatMap((resource) => this.#resource(resource))
    const counts = [...Map.groupBy(folded, ({ after }) => JSON.stringify(after)).values()].map(
      (some) => paint.change(`~ ${some.length} more`) + paint.faint(some[0] ? this.#after(some[0]) : ''),
    )
    return [...lines, ...counts]
  }

  #resource(resource: PlannedResource): readonly string[] {
    const { paint, verbose } = this.#options
    if (resource.finding) return findingLines(resource.finding, { paint, verbose, title: resource.title })
    if (isChange(resource)) return this.#change(resource)
    if (resource.verdict === 'later')
      return [paint.change(`~ ${nameOf(resource)}`) + paint.faint(this.#after(resource))]
    if (resource.verdict === 'failed') {
      return [
        paint.bad(`! ${nameOf(resource)}`),
        `    could not be looked at: ${inert(resource.note ?? 'no reason given')}`,
      ]
    }
    return verbose
      ? [paint.faint(`= ${nameOf(resource)}${resource.note === undefined ? '' : `: ${inert(resource.note)}`}`)]
      : []
  }

  #change(resource: PlannedResource): readonly string[] {
    const { paint } = this.#options
    const sign = signOf(resource)
    const colour = { '+': paint.add, '~': paint.change, '-': paint.remove }[sign]
    return [
      `${colour(`${sign} ${nameOf(resource)}`)}${paint.faint(this.#after(resource))}`,
      ...resource.changes.flatMap((change) => this.#attribute(change, sign)).map((line) => `    ${line}`),
    ]
  }

  #attribute(change: Change, sign: string): readonly string[] {
    const { paint } = this.#options
    const lines: string[] = []
    const isWhole = change.what === '' && sign !== '~'
    if (!change.text && !(isWhole && /^(present|absent)?$/.test(sign === '+' ? change.to : change.from))) {
      lines.push(attributeText(change, isWhole))
    }
    if (change.text) lines.push(...this.#diff(change, change.text))
    if (change.disrupts !== undefined) lines.push(paint.warn(`! ${inert(change.disrupts)}`))
    return lines
  }

  #diff({ what }: Change, text: DiffText): readonly string[] {
    const { paint, verbose } = this.#options
    const name = what === '' ? [] : [`${inert(what)}:`]
    const id = JSON.stringify([text.before, text.after])
    const elsewhere = this.#shown.get(id)
    if (elsewhere !== undefined && elsewhere !== this.#plan.host) {
      return [...name, paint.faint(`(the same diff as on ${inert(elsewhere)})`)]
    }
    this.#shown.set(id, this.#plan.host)
    return [...name, ...fold(unifiedDiff(text), verbose).map((line) => paintDiff(line, paint))]
  }

  #after({ verdict, after }: PlannedResource): string {
    if (verdict === 'change') return ''
    const what = after.length > 0 ? listed(after) : 'what comes before it'
    return verdict === 'later' ? ` (known after ${what})` : ` (expected, looked at again after ${what})`
  }
}

/** A few names in full, many as a number: a line stays a line. */
function listed(names: readonly string[]): string {
  const rest = names.length - 2
  const shown = rest > 1 ? names.slice(0, 2) : names
  return shown.map(inert).join(', ') + (rest > 1 ? ` and ${rest} more` : '')
}

function nameOf({ key, title }: PlannedResource): string {
  return key === title ? inert(key) : `${inert(title)} [${inert(key)}]`
}

function isUnchanged(resource: PlannedResource): boolean {
  return resource.verdict === 'same' || (resource.verdict === 'expected' && !isChange(resource))
}

function attributeText({ what, from, to }: Change, isWhole: boolean): string {
  const line = (text: string) => inertLines(text).join(' ⏎ ')
  if (isWhole) return line(from === 'absent' ? to : from)
  return `${what === '' ? '' : `${inert(what)}: `}${line(from)} → ${line(to)}`
}
