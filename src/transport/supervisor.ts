import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { UnreachableError } from '../core/errors.ts'
import type { Job, Outcome, RunOptions } from '../core/host.ts'
import { checkName } from './folders.ts'
import { FrameParser, newNonce } from './frame.ts'
import { killStage, superviseStage } from './job-script.ts'
import type { Link } from './link.ts'
import { Sections } from './sections.ts'
import type { Talk, TalkEnd } from './talk.ts'

const RECONNECTS = 3
const BACKOFF_MS = 1000
/** A job gets so long to end after SIGTERM. */
const TERM_SECONDS = 5
/** For the talk that stops a job, and for reconnecting. */
const EXTRA_MS = 60_000

/** What reading the journal once came to. */
type Reading =
  | { readonly kind: 'verdict' }
  | { readonly kind: 'gone'; readonly reason: string }
  | { readonly kind: 'cut'; readonly reason: string; readonly refused: boolean }
  | { readonly kind: 'deadline' | 'aborted' }

/**
 * One job on the host, read to its end through as many connections as it takes. The host decides whether the job was
 * started: the journal folder is claimed under a lock before the first byte of it runs, so asking again never starts it
 * again. The journal of a job that went well goes when its verdict was read; that of a failed one stays for whoever
 * wants to look, until a later run takes the lock (the last run's journals are kept), or the host restarts.
 */
class Supervision {
  readonly #link: Link
  readonly #job: Job
  readonly #options: RunOptions
  readonly #sections: Sections
  readonly #startedMs = performance.now()
  #parser: FrameParser | undefined
  #offsetBytes = 0
  #bootId: string | undefined
  #attached = false
  #mayHaveRun = false
  #stderr = ''

  constructor(link: Link, job: Job, options: RunOptions) {
    this.#link = link
    this.#job = job
    this.#options = options
    this.#sections = new Sections(options)
    this.#bootId = link.bootId
  }

  async outcome(reconnected: () => Promise<void>): Promise<Outcome> {
    let reading = await this.#read()
    for (let attempt = 1; reading.kind === 'cut' && attempt <= RECONNECTS; attempt++) {
      const failure = await this.#reconnect(attempt, reconnected)
      if (failure === undefined) reading = await this.#read()
      else if (failure !== 'again') reading = { kind: 'cut', reason: `${reading.reason}; ${failure}`, refused: false }
      if (failure !== undefined && failure !== 'again') break
    }
    if (reading.kind === 'deadline' || reading.kind === 'aborted') await this.#stop()
    return this.#result(reading)
  }

  #result(reading: Reading): Outcome {
    this.#parser?.flush()
    const { code } = this.#sections
    const sections = this.#sections.finish()
    if (code !== undefined) return { kind: 'exited', code, sections, stderr: this.#stderr }
    const sent = this.#mayHaveRun
    switch (reading.kind) {
      case 'aborted':
        return sent
          ? { kind: 'signalled', signal: 'SIGTERM', sections, stderr: this.#stderr }
          : { kind: 'lost', sent, reason: 'stopped by you', sections }
      case 'deadline':
        return { kind: 'deadline', sent, afterMs: this.#options.deadlineMs, sections }
      case 'cut':
        return reading.refused && !sent
          ? { kind: 'refused', reason: reading.reason }
          : { kind: 'lost', sent, reason: reading.reason, sections }
      case 'gone':
        return { kind: 'lost', sent: true, reason: reading.reason, sections }
      case 'verdict':
        return { kind: 'lost', sent: true, reason: 'the journal has no verdict', sections }
    }
  }

  get #leftMs(): number {
    return Math.max(1, this.#options.deadlineMs - (performance.now() - this.#startedMs))
  }

  /** @returns nothing when connected, `again` when it is worth another try, or why not */
  async #reconnect(attempt: number, reconnected: () => Promise<void>): Promise<string | undefined> {
    const pauseMs = BACKOFF_MS * 2 ** (attempt - 1) * (0.5 + Math.random() / 2)
    const signal = this.#options.signal ?? new AbortController().signal
    try {
      if (!this.#link.isLost) return undefined
      await sleep(pauseMs, undefined, { signal })
      await this.#link.reconnect(signal)
      await reconnected()
      return undefined
    } catch (error) {
      if (signal.aborted) return 'stopped by you'
      if (!(error instanceof UnreachableError)) throw error
      return attempt < RECONNECTS ? 'again' : error.trouble.what
    }
  }

  async #read(): Promise<Reading> {
    const script = `${this.#job.script}\n`
    const bytes = Buffer.byteLength(script)
    let state = ''
    let talk: Talk | undefined
    talk = this.#link.talk({
      stage: () =>
        superviseStage(this.#job, {
          nonce: newNonce(),
          sha256: createHash('sha256').update(script).digest('hex'),
          bytes,
          offsetBytes: this.#offsetBytes,
          bootId: this.#bootId,
          mustExist: this.#attached,
        }),
      body: () => script,
      endInput: false,
      deadlineMs: this.#leftMs,
      signal: this.#options.signal,
      capBytes: this.#options.capBytes,
      sink: {
        onMark: (words) => {
          const [word = '', first = ''] = words
          if (word === 'ATTACHED') this.#attach(first)
          else state = words.join(' ')
          if (word === 'VERDICT') void this.#acknowledge(talk)
          else if (word !== 'ATTACHED') talk?.conclude()
        },
        onBytes: (chunk) => {
          if (state !== '') return
          this.#offsetBytes += chunk.length
          this.#parser?.push(chunk)
        },
      },
    })
    const end = await talk.ended.catch((error: unknown) => this.#turnedAway(error))
    this.#mayHaveRun ||= talk.sent
    this.#bootId ??= talk.hello?.bootId
    this.#stderr = talk.stderr
    // What comes after this job runs in the new boot.
    if (state === 'REBOOTED') this.#link.forgetBoot()
    return state === '' ? readingOf(end) : stateOf(state, this.#job)
  }

  /**
   * A host that lets us in no more while our job may be running there: that is a lost job, not a job that never was.
   */
  #turnedAway(error: unknown): TalkEnd {
    if (!this.#mayHaveRun || !(error instanceof UnreachableError)) throw error
    return { kind: 'lost', reason: error.trouble.what }
  }

  #attach(nonce: string): void {
    this.#attached = true
    this.#parser ??= new FrameParser(nonce, this.#sections, { noise: false })
  }

  /** The verdict is ours; a job that went well needs its journal no more. */
  async #acknowledge(talk: Talk | undefined): Promise<void> {
    await talk?.write(Buffer.from(this.#sections.code === 0 ? 'read\n' : 'keep\n'))
    talk?.end()
    talk?.conclude()
  }

  async #stop(): Promise<void> {
    if (!this.#mayHaveRun || this.#link.isLost) return
    const talk = this.#link.talk({
      stage: () => killStage(this.#job, TERM_SECONDS),
      endInput: true,
      deadlineMs: EXTRA_MS,
      sink: { onMark: () => {}, onBytes: () => {} },
    })
    await talk.ended.catch(() => undefined)
  }
}

/** Runs one job on the host. See `Session.supervise`. `reconnected` runs after each new connection. */
export async function supervise(
  link: Link,
  job: Job,
  options: RunOptions,
  reconnected: () => Promise<void>,
): Promise<Outcome> {
  checkName('run', job.run)
  checkName('job', job.name)
  return new Supervision(link, job, options).outcome(reconnected)
}

function readingOf(end: TalkEnd): Reading {
  switch (end.kind) {
    case 'deadline':
    case 'aborted':
      return { kind: end.kind }
    case 'lost':
    case 'refused':
      return { kind: 'cut', reason: end.reason, refused: end.kind === 'refused' }
    default:
      return { kind: 'cut', reason: 'the host stopped sending the journal', refused: false }
  }
}

function stateOf(state: string, job: Job): Reading {
  const [word = '', ...rest] = state.split(' ')
  switch (word) {
    case 'VERDICT':
      return { kind: 'verdict' }
    case 'REBOOTED':
      return { kind: 'gone', reason: `the host rebooted while job ${job.name} was running` }
    case 'VANISHED':
      return { kind: 'gone', reason: `the journal of job ${job.name} is gone from the host` }
    case 'DIED':
      return { kind: 'gone', reason: `job ${job.name} was killed on the host before it could finish` }
    default:
      return { kind: 'gone', reason: `the host could not start job ${job.name}: ${rest.join(' ')}` }
  }
}
