import { awaited, firstKnown } from './awaited.ts'
import { orNothing } from './decision.ts'
import type { HostResult, PathPart, Report } from './events.ts'
import { type Answers, type AnyProbe, answersOf, type FactOutput } from './fact.ts'
import type { Gate, Verdict } from './gate.ts'
import type { LockHolder, Outcome, Session } from './host.ts'
import { Ledger } from './ledger.ts'
import { lookScript, readLook } from './look.ts'
import type { HostPlan } from './plan.ts'
import type { Compiled, CompiledResource } from './play.ts'
import type { Selection } from './select.ts'
import { describeOutcome } from './trouble.ts'
import { blobsOf, readWave, restarts, stepsMs, type WaveItem, waveScript, waveTitle } from './wave.ts'
import { WaveListener } from './wave-listener.ts'

export interface HostRunInput {
  readonly run: string
  readonly compiled: Compiled
  readonly session: Session
  readonly gate: Gate
  /**
   * Under this name the host is locked before the first look, so that a plan is made of a host nobody else is changing, a job
   * that a killed run left behind least of all. Left out by a run that only looks.
   */
  readonly holder?: LockHolder
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

/** What is made from a value can only be asked for once that is known; it may become so while a script is on its way. */
function askable({ resource: { value } }: CompiledResource): boolean {
  return value === undefined || value.known
}

/** One host, from the first look to the last proof. */
export class HostRunner {
  readonly #in: HostRunInput
  readonly #ledger: Ledger
  readonly #path: PathPart[] = []
  #answers: Answers | undefined
  /** Decides again, from the last look; but a verdict may depend on when it is given, and stands. */
  #decideAgain = async (): Promise<boolean> => false
  #waves = 0
  #locked = false

  constructor(input: HostRunInput) {
    this.#in = input
    this.#ledger = new Ledger(input.compiled, input.report)
  }

  async run(): Promise<HostRun> {
    const { compiled, session, gate, holder } = this.#in
    if (holder) await this.#lock(holder)
    if (!(await this.#lookAt(compiled.resources))) return this.#end(undefined)
    for (;;) {
      const plan = this.#ledger.plan(session.peer.hostKey)
      const unmet = plan.resources.some(({ verdict }) => verdict === 'unmet')
      const verdict = unmet ? { unfit: [] } : await gate(plan, this.#answers ?? answersOf(new Map()))
      if (verdict === 'again' && (await this.#decideAgain())) continue
      await this.#obey(verdict)
      return this.#end(plan)
    }
  }

  async #obey(verdict: Verdict): Promise<void> {
    if (verdict === 'act') await this.#act(undefined)
    else if (typeof verdict === 'object' && 'exactly' in verdict) await this.#act(verdict.exactly)
    else if (typeof verdict === 'object') this.#ledger.settleFindings(verdict.unfit)
    else if (!this.#in.holder) this.#ledger.callFor()
  }

  async #act(printed: HostPlan | undefined): Promise<void> {
    const { signal } = this.#in
    for (;;) {
      const selection = this.#ledger.next(printed)
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
    const { clock, report, signal, compiled } = this.#in
    const from = clock()
    const values = awaited(postponed)
    const [first] = values
    if (first) {
      report({ type: 'waiting', host: compiled.host, for: first.label })
      await firstKnown(values, signal)
      this.#path.push({ what: `wait for ${first.label}`, host: compiled.host, fromMs: from, toMs: clock() })
      if (signal.aborted) return true
    }
    return this.#lookAt(this.#ledger.unsettled())
  }

  async #lookAt(items: readonly CompiledResource[]): Promise<boolean> {
    const { clock, report, compiled, collect } = this.#in
    const from = clock()
    const asked = items.filter(askable)
    const seen = await this.#ask([...asked.flatMap(({ resource }) => resource.probes), ...collect])
    if (!seen || !(await this.#decide(asked, seen))) return false
    this.#decideAgain = () => this.#decide(this.#ledger.changeable(asked), seen)
    this.#path.push({ what: 'look', host: compiled.host, fromMs: from, toMs: clock() })
    report({ type: 'looked', host: compiled.host, resources: items.length, ms: clock() - from })
    return true
  }

  /** What the host says, on top of what it said `before`; nothing when it does not answer, which is then on record. */
  async #ask(
    probes: readonly AnyProbe[],
    before?: ReadonlyMap<string, FactOutput>,
  ): Promise<ReadonlyMap<string, FactOutput> | undefined> {
    const { session, compiled, lookDeadlineMs } = this.#in
    const outcome = await session.run(lookScript(probes), { deadlineMs: lookDeadlineMs, capBytes: LOOK_CAP_BYTES })
    if (outcome.kind === 'exited') return readLook(outcome.sections, before)
    this.#ledger.failures.push({ host: compiled.host, trouble: describeOutcome(outcome, 'looking at the host') })
    return undefined
  }

  async #wave(selection: Selection): Promise<boolean> {
    const { run, compiled, report, clock, collect, holder } = this.#in
    if (!holder) throw new Error(`${compiled.host} is to be changed by a run that may only look`)
    const from = clock()
    await this.#lock(holder)
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
    const complete = await this.#readWave(items, again, outcome)
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

  async #lock(holder: LockHolder): Promise<void> {
    if (this.#locked) return
    await this.#in.session.lock(holder)
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
  async #readWave(items: readonly WaveItem[], again: readonly CompiledResource[], outcome: Outcome): Promise<boolean> {
    const sections = 'sections' in outcome ? outcome.sections : []
    const ends = readWave(items, sections)
    const complete = outcome.kind === 'exited' && outcome.code === 0
    const seen = complete && (await this.#decide(again, readLook(sections)))
    for (const [i, item] of items.entries()) this.#ledger.settleItem(item, ends[i] ?? { end: 'unstarted' }, seen)
    if (complete) return seen
    this.#ledger.failures.push({ host: this.#in.compiled.host, trouble: describeOutcome(outcome, 'changing the host') })
    return false
  }

  /** Decides from what was seen, and looks closer where that is not enough. False when the host did not answer then. */
  async #decide(items: readonly CompiledResource[], seen: ReadonlyMap<string, FactOutput>): Promise<boolean> {
    const near = items.flatMap(({ resource }) => orNothing(() => resource.closer(answersOf(seen))))
    const all = near.length === 0 ? seen : await this.#ask(near, seen)
    if (!all) return false
    this.#answers = answersOf(all)
    this.#ledger.decide(items, this.#answers)
    return true
  }

  #end(plan: HostPlan | undefined): HostRun {
    const { session, clock, signal } = this.#in
    const result = this.#ledger.result({ ms: clock(), counters: session.counters, interrupted: signal.aborted })
    return { result, plan, answers: this.#answers, path: this.#path }
  }
}
