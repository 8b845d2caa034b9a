import type { Failure, HostResult, PathPart, Report, ResourceResult } from './events.ts'
import type { Answers, AnyProbe } from './fact.ts'
import type { Counters, LockHolder, Outcome, Session } from './host.ts'
import { lookScript, readLook } from './look.ts'
import { type HostPlan, seenDigest } from './plan.ts'
import { planHost, plannedResource } from './plan-host.ts'
import type { Compiled, CompiledResource } from './play.ts'
import { type Key, notConverged } from './resource.ts'
import { type Decided, type Selection, select } from './select.ts'
import { describeOutcome, failureOf, troubleOf } from './trouble.ts'
import { type ItemEnd, readWave, type WaveItem, waveScript } from './wave.ts'
import { WaveListener } from './wave-listener.ts'

/** Decides, once a host's plan is known, whether it is carried out. A dry run is a gate that always says `stop`. */
export type Gate = (plan: HostPlan) => Promise<'act' | 'stop'>

export interface HostRunInput {
  readonly run: string
  readonly compiled: Compiled
  readonly session: Session
  readonly gate: Gate
  readonly holder: LockHolder
  readonly report: Report
  /** Milliseconds since the run began. */
  readonly clock: () => number
  /** Start nothing new once this is aborted; what runs on the host is let finish. */
  readonly signal: AbortSignal
  /** Asked in every look; the answers of the last one are in the result. */
  readonly collect: readonly AnyProbe[]
  readonly lookDeadlineMs: number
}

export interface HostRun {
  readonly result: HostResult
  readonly plan: HostPlan | undefined
  readonly answers: Answers | undefined
  readonly path: readonly PathPart[]
}

/** Longest time the guards and looks of a wave may take on top of its steps. */
const WAVE_OVERHEAD_MS = 120_000
const STEP_DEADLINE_MS = 60_000
/** Kept of each fact's output; a fact that prints more counts as not answered. */
const LOOK_CAP_BYTES = 16 * 1024 * 1024
const UPLOAD_DEADLINE_MS = 3_600_000

function noop(): void {}

function waveTitle(items: readonly WaveItem[]): string {
  return [...new Set(items.map(({ section }) => section))].join(', ')
}

/** One host, from the first look to the last proof. */
export class HostRunner {
  readonly #in: HostRunInput
  readonly #decided = new Map<Key, Decided>()
  readonly #results = new Map<Key, ResourceResult>()
  readonly #failures: Failure[] = []
  readonly #path: PathPart[] = []
  #answers: Answers | undefined
  #waves = 0
  #locked = false
  readonly #byKey: ReadonlyMap<Key, CompiledResource>

  constructor(input: HostRunInput) {
    this.#in = input
    this.#byKey = new Map(input.compiled.resources.map((item) => [item.resource.key, item]))
  }

  async run(): Promise<HostRun> {
    const { compiled, gate, report } = this.#in
    if (!(await this.#lookAt(compiled.resources))) return this.#end(undefined)
    const plan = planHost(this.#in.session.peer.hostKey, compiled, this.#decided)
    report({ type: 'plan', host: compiled.host, plan })
    const unmet = plan.resources.some(({ verdict }) => verdict === 'unmet')
    if (unmet) this.#settleFindings()
    else if ((await gate(plan)) === 'act') await this.#act()
    return this.#end(plan)
  }

  async #act(): Promise<void> {
    const { compiled, signal } = this.#in
    for (;;) {
      const selection = select(compiled.resources, this.#decided, this.#results)
      this.#settleAll(selection.settled)
      if (signal.aborted) return
      if (selection.wave.length > 0) {
        if (!(await this.#wave(selection))) return
      } else if (selection.settled.length === 0) {
        if (selection.postponed.length === 0) return
        if (!(await this.#awaitValue(selection))) return
      }
    }
  }

  /** The host is left as it is: only the requirements get a result. */
  #settleFindings(): void {
    const { settled } = select(this.#in.compiled.resources, this.#decided, this.#results)
    this.#settleAll(settled.filter(({ item }) => this.#decided.get(item.resource.key)?.decision.verdict === 'finding'))
  }

  /** Nothing can go on before some value is known: wait for the first, then look at what it made. */
  async #awaitValue({ postponed }: Selection): Promise<boolean> {
    const unknown = postponed.flatMap(({ item }) =>
      item.resource.value && !item.resource.value.known ? [item.resource.value] : [],
    )
    const from = this.#in.clock()
    const first = unknown[0]
    if (first) {
      this.#in.report({ type: 'waiting', host: this.#in.compiled.host, for: first.label })
      const stop = Promise.withResolvers<void>()
      const onAbort = () => stop.resolve()
      this.#in.signal.addEventListener('abort', onAbort, { once: true })
      await Promise.race([stop.promise, ...unknown.map(({ promise }) => promise.then(noop, noop))])
      this.#in.signal.removeEventListener('abort', onAbort)
      this.#path.push({
        what: `wait for ${first.label}`,
        host: this.#in.compiled.host,
        fromMs: from,
        toMs: this.#in.clock(),
      })
      if (this.#in.signal.aborted) return true
    }
    return this.#lookAt(this.#unsettled())
  }

  async #lookAt(items: readonly CompiledResource[]): Promise<boolean> {
    const { session, clock, report, compiled, collect, lookDeadlineMs } = this.#in
    const from = clock()
    const probes = [...items.flatMap(({ resource }) => resource.probes), ...collect]
    const outcome = await session.run(lookScript(probes), { deadlineMs: lookDeadlineMs, capBytes: LOOK_CAP_BYTES })
    if (outcome.kind !== 'exited') {
      this.#failures.push({ host: compiled.host, trouble: describeOutcome(outcome, 'looking at the host') })
      return false
    }
    this.#decide(items, readLook(outcome.sections))
    this.#path.push({ what: 'look', host: compiled.host, fromMs: from, toMs: clock() })
    report({ type: 'looked', host: compiled.host, resources: items.length, ms: clock() - from })
    return true
  }

  #decide(items: readonly CompiledResource[], answers: Answers): void {
    this.#answers = answers
    for (const { resource } of items) {
      const decision = resource.decide(answers)
      const seen = decision.verdict === 'differs' ? seenDigest(answers.identity(resource.probes)) : ''
      this.#decided.set(resource.key, { decision, seen })
    }
  }

  async #wave(selection: Selection): Promise<boolean> {
    const { run, compiled, report, clock, collect } = this.#in
    const from = clock()
    await this.#lock()
    const items = selection.wave.map((item) => this.#waveItem(item))
    const wave = ++this.#waves
    report({
      type: 'wave',
      host: compiled.host,
      wave,
      steps: items.reduce((n, { steps }) => n + steps.length, 0),
      resources: items.map(({ resource }) => resource.key),
    })
    if (!(await this.#upload(items))) return false
    const again = this.#unsettled()
    const probes = [...again.flatMap(({ resource }) => resource.probes), ...collect]
    const outcome = await this.#supervise(`wave-${wave}`, items, waveScript(run, items, probes))
    const complete = this.#readWave(items, again, outcome)
    this.#path.push({ what: waveTitle(items), host: compiled.host, fromMs: from, toMs: clock() })
    return complete
  }

  async #lock(): Promise<void> {
    if (this.#locked) return
    await this.#in.session.lock(this.#in.holder)
    this.#locked = true
  }

  async #upload(items: readonly WaveItem[]): Promise<boolean> {
    const { session, compiled, report, run, clock } = this.#in
    const blobs = [
      ...new Map(
        items.flatMap(({ steps }) => steps.flatMap((step) => step.blobs ?? [])).map((blob) => [blob.sha256, blob]),
      ).values(),
    ]
    if (blobs.length === 0) return true
    const from = clock()
    const outcome = await session.upload(run, blobs, {
      deadlineMs: UPLOAD_DEADLINE_MS,
      onProgress: (sent, total) => report({ type: 'upload', host: compiled.host, sent, total }),
    })
    this.#path.push({ what: `upload ${blobs.length} files`, host: compiled.host, fromMs: from, toMs: clock() })
    if (outcome.kind === 'exited' && outcome.code === 0) return true
    this.#failures.push({ host: compiled.host, trouble: describeOutcome(outcome, 'uploading files') })
    return false
  }

  async #supervise(name: string, items: readonly WaveItem[], script: string): Promise<Outcome> {
    const { session, run } = this.#in
    const stepMs = items
      .flatMap(({ steps }) => steps)
      .reduce((sum, { timeoutMs }) => sum + (timeoutMs ?? STEP_DEADLINE_MS), 0)
    const marks = new WaveListener(this.#in.compiled.host, items, this.#in)
    return session.supervise(
      { run, name, script },
      {
        deadlineMs: stepMs + WAVE_OVERHEAD_MS,
        capBytes: LOOK_CAP_BYTES,
        onMark: (mark) => marks.onMark(mark),
        onText: (mark, text) => marks.onText(mark, text),
      },
    )
  }

  /** Settles a wave's resources from what the host said. False when the host cannot go on. */
  #readWave(items: readonly WaveItem[], again: readonly CompiledResource[], outcome: Outcome): boolean {
    const sections = 'sections' in outcome ? outcome.sections : []
    const ends = readWave(items, sections)
    const complete = outcome.kind === 'exited' && outcome.code === 0
    if (complete) this.#decide(again, readLook(sections))
    for (const [i, item] of items.entries()) this.#settleItem(item, ends[i] ?? { end: 'unstarted' }, complete)
    if (complete) return true
    this.#failures.push({ host: this.#in.compiled.host, trouble: describeOutcome(outcome, 'changing the host') })
    return false
  }

  #settleItem(item: WaveItem, end: ItemEnd, complete: boolean): void {
    const { host } = this.#in.compiled
    const { resource } = item
    const decision = this.#decided.get(resource.key)?.decision
    if (end.end === 'skipped' || end.end === 'unstarted') this.#settle(resource.key, 'skipped')
    else if (end.end !== 'ok') {
      this.#failures.push(failureOf(host, item, end))
      this.#settle(resource.key, 'failed')
    } else if (!complete || decision?.verdict === 'same') this.#settle(resource.key, 'changed')
    else {
      const rest = decision?.verdict === 'differs' ? decision.changes : []
      const trouble =
        decision?.verdict === 'unknown' ? troubleOf(resource.key, decision.reason) : notConverged(resource.key, rest)
      this.#failures.push({ host, key: resource.key, title: resource.title, section: item.section, trouble })
      this.#settle(resource.key, 'failed')
    }
  }

  #waveItem({ resource, section }: CompiledResource): WaveItem {
    const decided = this.#decided.get(resource.key)
    if (decided?.decision.verdict !== 'differs') throw new Error(`${resource.key} is in a wave without steps`)
    return { resource, section, steps: decided.decision.steps, seen: decided.seen }
  }

  #unsettled(): readonly CompiledResource[] {
    return this.#in.compiled.resources.filter(({ resource }) => !this.#results.has(resource.key))
  }

  #settleAll(settled: Selection['settled']): void {
    for (const { item, result, reason } of settled) {
      const { key, title } = item.resource
      if (reason !== undefined) {
        this.#failures.push({
          host: this.#in.compiled.host,
          key,
          title,
          section: item.section,
          trouble: troubleOf(key, reason),
        })
      }
      this.#settle(key, result)
    }
  }

  #settle(key: Key, result: ResourceResult): void {
    this.#results.set(key, result)
    const item = this.#byKey.get(key)
    if (!item) return
    this.#in.report({
      type: 'resource',
      host: this.#in.compiled.host,
      resource: plannedResource(item, this.#decided.get(key)),
      result,
    })
  }

  #end(plan: HostPlan | undefined): HostRun {
    const { session, compiled, clock, signal } = this.#in
    const count = (wanted: ResourceResult) => [...this.#results.values()].filter((result) => result === wanted).length
    const unmet = count('unmet')
    const counters: Counters = { ...session.counters }
    const result: HostResult = {
      host: compiled.host,
      verdict: this.#failures.length > 0 ? 'failed' : unmet > 0 ? 'unmet' : signal.aborted ? 'interrupted' : 'ok',
      changed: count('changed'),
      unchanged: count('unchanged'),
      failed: count('failed'),
      skipped: count('skipped'),
      unmet,
      accepted: count('accepted'),
      ms: clock(),
      counters,
      failures: this.#failures,
    }
    return { result, plan, answers: this.#answers, path: this.#path }
  }
}
