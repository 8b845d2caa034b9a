import type { Decision } from './decision.ts'
import type { Failure, HostResult, Report, ResourceResult } from './events.ts'
import type { Answers } from './fact.ts'
import { FactError } from './fact-error.ts'
import { type Finding, judged } from './finding.ts'
import type { Counters } from './host.ts'
import { departure } from './move.ts'
import { type HostPlan, seenDigest } from './plan.ts'
import { planHost, plannedResource } from './plan-host.ts'
import type { Compiled, CompiledResource } from './play.ts'
import type { Key, Resource } from './resource.ts'
import { type Decided, type Selection, select } from './select.ts'
import { departed, failureOf, notConverged, troubleOf } from './trouble.ts'
import type { ItemEnd, WaveItem } from './wave.ts'

/** What is known of every resource of one host: what was decided, and what became of it. */
export class Ledger {
  readonly decided = new Map<Key, Decided>()
  readonly results = new Map<Key, ResourceResult>()
  readonly failures: Failure[] = []
  /** Failures that are refusals to do what a saved plan did not show. */
  #moved = 0
  readonly #compiled: Compiled
  readonly #report: Report
  #answers: Answers | undefined
  #told = ''
  readonly #byKey: ReadonlyMap<Key, CompiledResource>

  constructor(compiled: Compiled, report: Report) {
    this.#compiled = compiled
    this.#report = report
    this.#byKey = new Map(compiled.resources.map((item) => [item.resource.key, item]))
  }

  decide(items: readonly CompiledResource[], answers: Answers): void {
    this.#answers = answers
    for (const { resource } of items) this.decided.set(resource.key, decidedFrom(resource, answers))
  }

  /** Those that are no findings. */
  changeable(items: readonly CompiledResource[]): readonly CompiledResource[] {
    return items.filter(({ resource }) => this.decided.get(resource.key)?.decision.verdict !== 'finding')
  }

  /** What was decided, as a plan; told of when it is another than was told before. */
  plan(hostKey: string): HostPlan {
    const plan = planHost(hostKey, this.#compiled, this.decided)
    const text = JSON.stringify(plan)
    if (text !== this.#told) this.#report({ type: 'plan', host: plan.host, plan })
    this.#told = text
    return plan
  }

  /** Resources nothing has become of yet. */
  unsettled(): readonly CompiledResource[] {
    return this.#compiled.resources.filter(({ resource }) => !this.results.has(resource.key))
  }

  waveItem({ resource, section }: CompiledResource): WaveItem {
    const decided = this.decided.get(resource.key)
    if (decided?.decision.verdict !== 'differs') throw new Error(`${resource.key} is in a wave without steps`)
    return { resource, section, steps: decided.decision.steps, seen: decided.seen }
  }

  /**
   * What goes to the host next, once everything is settled that need not go there. With a printed plan, what would go beyond
   * it is refused.
   */
  next(printed?: HostPlan): Selection {
    for (;;) {
      const selection = this.#select()
      this.#settleAll(selection.settled)
      if (!printed || !this.#refuseDepartures(selection.wave, printed)) return selection
    }
  }

  #select(): Selection {
    return select(this.#compiled.resources, this.decided, this.results)
  }

  #settleAll(settled: Selection['settled']): void {
    for (const { item, result, trouble } of settled) {
      const { key, title } = item.resource
      if (trouble !== undefined) this.#fail({ key, title, section: item.section, trouble })
      this.#settle(key, result)
    }
  }

  /** The host is left as it is: only its requirements get a result, and those it misses beside others (`unfit`). */
  settleFindings(unfit: readonly Finding[]): void {
    for (const finding of unfit) this.#settle(`requirement:${finding.id}`, judged(finding))
    const { settled } = this.#select()
    this.#settleAll(settled.filter(({ item }) => this.decided.get(item.resource.key)?.decision.verdict === 'finding'))
  }

  /**
   * Asks, and does not wait, for what others give and the plan needs: whoever is visited only for that is looked at too, so
   * that a plan that is shown holds all that carrying it out does.
   */
  callFor(): void {
    for (const { resource } of this.#compiled.resources) {
      const decision = this.decided.get(resource.key)?.decision
      if (decision?.verdict !== 'differs' || decision.awaits === undefined) continue
      // What it is made of on this machine is nobody's to look at.
      if (resource.until?.giver) resource.until.promise.catch(() => {})
    }
  }

  /** `proven` tells whether the host was looked at again after the steps. */
  settleItem(item: WaveItem, end: ItemEnd, proven: boolean): void {
    const { resource, section } = item
    const { key, title } = resource
    const decision = this.decided.get(key)?.decision
    if (end.end === 'skipped' || end.end === 'unstarted') this.#settle(key, 'skipped')
    else if (end.end !== 'ok') {
      this.failures.push(failureOf(this.#compiled.host, item, end))
      this.#settle(key, 'failed')
    } else if (!proven || decision?.verdict === 'same') this.#settle(key, 'changed')
    else {
      const rest = decision?.verdict === 'differs' ? decision.changes : []
      const trouble =
        decision?.verdict === 'unknown'
          ? (decision.trouble ?? troubleOf(key, decision.reason))
          : notConverged(key, rest)
      this.#fail({ key, title, section, trouble })
      this.#settle(key, 'failed')
    }
  }

  /** @returns whether there was anything to refuse */
  #refuseDepartures(wave: readonly CompiledResource[], printed: HostPlan): boolean {
    const before = this.#moved
    const plan = new Map(printed.resources.map((resource) => [resource.key, resource]))
    for (const item of wave) {
      const { key, title } = item.resource
      const what = departure(plan.get(key), plannedResource(item, this.decided.get(key)))
      if (what === undefined) continue
      this.#moved++
      this.#fail({ key, title, section: item.section, trouble: departed(key, what) })
      this.#settle(key, 'failed')
    }
    return this.#moved > before
  }

  result(at: { readonly ms: number; readonly counters: Counters; readonly interrupted: boolean }): HostResult {
    const count = (wanted: ResourceResult) => [...this.results.values()].filter((result) => result === wanted).length
    const unmet = count('unmet')
    const failed = this.failures.length > this.#moved ? 'failed' : this.#moved > 0 ? 'moved' : undefined
    return {
      host: this.#compiled.host,
      verdict: failed ?? (unmet > 0 ? 'unmet' : at.interrupted ? 'interrupted' : 'ok'),
      changed: count('changed'),
      unchanged: count('unchanged'),
      failed: count('failed'),
      skipped: count('skipped'),
      unmet,
      accepted: count('accepted'),
      ms: at.ms,
      counters: { ...at.counters },
      failures: this.failures,
    }
  }

  #fail(failure: Omit<Failure, 'host'>): void {
    this.failures.push({ host: this.#compiled.host, ...failure })
  }

  #settle(key: Key, result: ResourceResult): void {
    this.results.set(key, result)
    const item = this.#byKey.get(key)
    if (!item) return
    if (this.#answers && (result === 'unchanged' || result === 'changed')) item.resource.gives?.give(this.#answers)
    const planned = plannedResource(item, this.decided.get(key))
    this.#report({ type: 'resource', host: this.#compiled.host, resource: planned, result })
  }
}

function decidedFrom(resource: Resource, answers: Answers): Decided {
  const decision: Decision = resource.decide(answers)
  if (decision.verdict !== 'differs') return { decision, seen: '' }
  try {
    return { decision, seen: seenDigest(answers.identity(resource.guards)) }
  } catch (error) {
    if (error instanceof FactError) return { decision: { verdict: 'unknown', reason: error.message }, seen: '' }
    throw error
  }
}
