import type { HostResult, PathPart, Report } from './events.ts'
import type { Answers, AnyProbe } from './fact.ts'
import type { LockHolder, Outcome, Session } from './host.ts'
import { Ledger } from './ledger.ts'
import { lookScript, readLook } from './look.ts'
import type { HostPlan } from './plan.ts'
import { planHost } from './plan-host.ts'
import type { Compiled, CompiledResource } from './play.ts'
import { type Selection, select } from './select.ts'
import { describeOutcome } from './trouble.ts'
import { blobsOf, readWave, stepsMs, type WaveItem, waveScript } from './wave.ts'
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
/** Kept of each fact's output; a fact that prints more counts as not answered. */
const LOOK_CAP_BYTES = 16 * 1024 * 1024
/** Firmware of servers with much memory takes its time. */
const REBOOT_DEADLINE_MS = 900_000
const UPLOAD_DEADLINE_MS = 3_600_000

function noop(): void {}

/** What is made from a value can only be asked for once that is known; it may become so while a script is on its way. */
function askable({ resource: { value } }: CompiledResource): boolean {
  return value === undefined || value.known
}

function restarts({ steps }: WaveItem): boolean {
  return steps.some(({ reboots }) => reboots)
}

function waveTitle(items: readonly WaveItem[]): string {
  return [...new Set(items.map(({ section }) => section))].join(', ')
}

/** One host, from the first look to the last proof. */
export class HostRunner {
  readonly #in: HostRunInput
  readonly #ledger: Ledger
  readonly #path: PathPart[] = []
  #answers: Answers | undefined
  #waves = 0
  #locked = false

  constructor(input: HostRunInput) {
    this.#in = input
    this.#ledger = new Ledger(input.compiled, input.report)
  }

  async run(): Promise<HostRun> {
    const { compiled, gate, report } = this.#in
    if (!(await this.#lookAt(compiled.resources))) return this.#end(undefined)
    const plan = planHost(this.#in.session.peer.hostKey, compiled, this.#ledger.decided)
    report({ type: 'plan', host: compiled.host, plan })
    const unmet = plan.resources.some(({ verdict }) => verdict === 'unmet')
    if (unmet) this.#ledger.settleFindings(this.#select())
    else if ((await gate(plan)) === 'act') await this.#act()
    return this.#end(plan)
  }

  async #act(): Promise<void> {
    const { signal } = this.#in
    for (;;) {
      const selection = this.#select()
      this.#ledger.settleAll(selection.settled)
      if (signal.aborted) return
      if (selection.wave.length > 0) {
        if (!(await this.#wave(selection))) return
      } else if (selection.settled.length === 0) {
        if (selection.postponed.length === 0) return
        if (!(await this.#awaitValue(selection))) return
      }
    }
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
    return this.#lookAt(this.#ledger.unsettled())
  }

  async #lookAt(items: readonly CompiledResource[]): Promise<boolean> {
    const { session, clock, report, compiled, collect, lookDeadlineMs } = this.#in
    const from = clock()
    const asked = items.filter(askable)
    const probes = [...asked.flatMap(({ resource }) => resource.probes), ...collect]
    const outcome = await session.run(lookScript(probes), { deadlineMs: lookDeadlineMs, capBytes: LOOK_CAP_BYTES })
    if (outcome.kind !== 'exited') {
      this.#ledger.failures.push({ host: compiled.host, trouble: describeOutcome(outcome, 'looking at the host') })
      return false
    }
    this.#decide(asked, readLook(outcome.sections))
    this.#path.push({ what: 'look', host: compiled.host, fromMs: from, toMs: clock() })
    report({ type: 'looked', host: compiled.host, resources: items.length, ms: clock() - from })
    return true
  }

  async #wave(selection: Selection): Promise<boolean> {
    const { run, compiled, report, clock, collect } = this.#in
    const from = clock()
    await this.#lock()
    const items = selection.wave.map((item) => this.#ledger.waveItem(item))
    const wave = ++this.#waves
    report({
      type: 'wave',
      host: compiled.host,
      wave,
      steps: items.reduce((n, { steps }) => n + steps.length, 0),
      resources: items.map(({ resource }) => resource.key),
    })
    if (!(await this.#upload(items))) return false
    if (items.some(restarts)) return this.#restart(items, wave)
    const again = this.#ledger.unsettled().filter(askable)
    const probes = [...again.flatMap(({ resource }) => resource.probes), ...collect]
    const outcome = await this.#supervise(`wave-${wave}`, items, waveScript(run, items, probes))
    const complete = this.#readWave(items, again, outcome)
    this.#path.push({ what: waveTitle(items), host: compiled.host, fromMs: from, toMs: clock() })
    return complete
  }

  /** A restart ends the script it is in: guard first, then restart, then look with the new boot. */
  async #restart(items: readonly WaveItem[], wave: number): Promise<boolean> {
    const { run, session, compiled, clock, signal } = this.#in
    const from = clock()
    const outcome = await this.#supervise(`wave-${wave}`, items, waveScript(run, items, []))
    const ends = readWave(items, 'sections' in outcome ? outcome.sections : [])
    if (outcome.kind !== 'exited' || ends.some(({ end }) => end !== 'ok')) return this.#readWave(items, [], outcome)
    const back = await session.reboot({ deadlineMs: REBOOT_DEADLINE_MS, signal })
    this.#locked = false
    this.#path.push({ what: 'restart', host: compiled.host, fromMs: from, toMs: clock() })
    const fine = back.kind === 'exited' && back.code === 0
    const seen = fine && (await this.#lookAt(this.#ledger.unsettled()))
    if (!fine)
      this.#ledger.failures.push({ host: compiled.host, trouble: describeOutcome(back, 'restarting the machine') })
    for (const item of items) this.#ledger.settleItem(item, { end: fine ? 'ok' : 'unstarted' }, seen)
    return seen
  }

  async #lock(): Promise<void> {
    if (this.#locked) return
    await this.#in.session.lock(this.#in.holder)
    this.#locked = true
  }

  async #upload(items: readonly WaveItem[]): Promise<boolean> {
    const { session, compiled, report, run, clock } = this.#in
    const blobs = blobsOf(items)
    if (blobs.length === 0) return true
    const from = clock()
    const outcome = await session.upload(run, blobs, {
      deadlineMs: UPLOAD_DEADLINE_MS,
      onProgress: (sent, total) => report({ type: 'upload', host: compiled.host, sent, total }),
    })
    this.#path.push({ what: `upload ${blobs.length} files`, host: compiled.host, fromMs: from, toMs: clock() })
    if (outcome.kind === 'exited' && outcome.code === 0) return true
    this.#ledger.failures.push({ host: compiled.host, trouble: describeOutcome(outcome, 'uploading files') })
    return false
  }

  async #supervise(name: string, items: readonly WaveItem[], script: string): Promise<Outcome> {
    const { session, run } = this.#in
    const marks = new WaveListener(this.#in.compiled.host, items, this.#in)
    return session.supervise(
      { run, name, script },
      {
        deadlineMs: stepsMs(items) + WAVE_OVERHEAD_MS,
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
    for (const [i, item] of items.entries()) this.#ledger.settleItem(item, ends[i] ?? { end: 'unstarted' }, complete)
    if (complete) return true
    this.#ledger.failures.push({ host: this.#in.compiled.host, trouble: describeOutcome(outcome, 'changing the host') })
    return false
  }

  #select(): Selection {
    return select(this.#in.compiled.resources, this.#ledger.decided, this.#ledger.results)
  }

  #decide(items: readonly CompiledResource[], answers: Answers): void {
    this.#answers = answers
    this.#ledger.decide(items, answers)
  }

  #end(plan: HostPlan | undefined): HostRun {
    const { session, clock, signal } = this.#in
    const result = this.#ledger.result({ ms: clock(), counters: session.counters, interrupted: signal.aborted })
    return { result, plan, answers: this.#answers, path: this.#path }
  }
}
