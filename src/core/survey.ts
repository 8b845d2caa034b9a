import { setTimeout as sleep } from 'node:timers/promises'
import type { Outcome, Section, Session } from './host.ts'

/** What whoever wants a survey brings, whatever is measured. */
export interface SurveyInput {
  /** Open sessions of those that take part. */
  readonly sessions: readonly Session[]
  readonly signal: AbortSignal
  /** Milliseconds since 1970. */
  readonly nowMs: () => number
  readonly onProgress?: (done: number, total: number) => void
}

/**
 * One script on many hosts at once, in which none goes on before all are ready: what a pair of hosts has between them
 * can only be measured while both take part. Every host costs one channel, and one that is lost, slow or unable keeps the
 * others waiting for `readyMs` at most. The scripts end when their stdin does, so nothing outlives this process.
 */
export interface Survey extends SurveyInput {
  /** It marks `listening` when it is ready, `probed` when it is done, `clock ID MS` when asked. */
  readonly script: string | ((host: string) => string)
  /** What a host is told first. */
  readonly opening: (host: string) => string
  /** What it is told once all are ready, or `readyMs` is over: nothing for a host that has no part in it. */
  readonly orders: (host: string, ready: ReadonlyMap<string, string>) => string | undefined
  /** Asks a host for its clock; it answers with the mark `clock ID MS`. */
  readonly clockOrder: (id: number) => string
  readonly readyMs: number
  /** For the measuring itself. */
  readonly probeMs: number
}

/** What came of one host. */
export interface Surveyed {
  readonly outcome: Outcome
  /** Everything it printed before `listening`; undefined when it never got there. */
  readonly ready: string | undefined
  /** Its clock was seen at these moments of ours. */
  readonly clocks: readonly ClockReading[]
  /** It marked `probed`. */
  readonly complete: boolean
}

export interface ClockReading {
  /** Milliseconds since 1970 by our clock: when we asked, and when we had the answer. */
  readonly askedMs: number
  readonly heardMs: number
  /** By the host's clock, in between. */
  readonly hostMs: number
}

const CAP_BYTES = 16 * 1024 * 1024
/** Readings of a host's clock: the way there and back varies, the shortest one tells most. */
const CLOCK_READINGS = 3
/** For a script to end once its stdin has. */
const END_MS = 15_000

export async function survey(plan: Survey): Promise<ReadonlyMap<string, Surveyed>> {
  const members = plan.sessions.map((session) => new Member(session, plan))
  const progress = () => {
    const sum = (pick: (member: Member) => number) => members.reduce((n, member) => n + pick(member), 0)
    plan.onProgress?.(
      sum(({ done }) => done),
      sum(({ total }) => total),
    )
  }
  for (const member of members) member.begin(progress)
  await within(plan.readyMs, Promise.all(members.map(({ listening }) => listening)), plan.signal)
  const ready = new Map(members.flatMap(({ host, ready: text }) => (text === undefined ? [] : [[host, text] as const])))
  for (const member of members) member.order(ready)
  await within(plan.probeMs, Promise.all(members.map(({ probed }) => probed)), plan.signal)
  for (const member of members) member.end()
  return new Map(await Promise.all(members.map(async (member) => [member.host, await member.surveyed()] as const)))
}

/** Settles when the work does, when its time is over, or when the user stops. */
async function within(limitMs: number, work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  const over = new AbortController()
  const stop = AbortSignal.any([over.signal, signal])
  await Promise.race([work, sleep(limitMs, undefined, { signal: stop }).catch(() => undefined)])
  over.abort()
}

/** One host's part in it. */
class Member {
  readonly host: string
  readonly #session: Session
  readonly #plan: Survey
  readonly #input = new Input()
  readonly #listening = Promise.withResolvers<void>()
  readonly #probed = Promise.withResolvers<void>()
  readonly #asked: number[] = []
  readonly #clocks: ClockReading[] = []
  #outcome: Promise<Outcome> | undefined
  #text = ''
  #ready: string | undefined
  #complete = false
  done = 0
  total = 0

  constructor(session: Session, plan: Survey) {
    this.host = session.host
    this.#session = session
    this.#plan = plan
  }

  get listening(): Promise<void> {
    return this.#listening.promise
  }

  get probed(): Promise<void> {
    return this.#probed.promise
  }

  get ready(): string | undefined {
    return this.#ready
  }

  begin(onProgress: () => void): void {
    const { script, opening, readyMs, probeMs, signal } = this.#plan
    this.#input.write(opening(this.host))
    this.#outcome = this.#session
      .run(typeof script === 'string' ? script : script(this.host), {
        deadlineMs: readyMs + probeMs + END_MS,
        capBytes: CAP_BYTES,
        signal,
        input: this.#input,
        onMark: (mark) => this.#onMark(mark, onProgress),
        onText: (_mark, text) => {
          if (this.#ready === undefined) this.#text += text
        },
      })
      // One host that cannot be talked to has no part in it; its own look tells why in full.
      .catch(
        (error: unknown): Outcome => ({
          kind: 'refused',
          reason: error instanceof Error ? error.message : String(error),
        }),
      )
      .finally(() => {
        this.#listening.resolve()
        this.#probed.resolve()
      })
  }

  order(ready: ReadonlyMap<string, string>): void {
    const orders = this.#ready === undefined ? undefined : this.#plan.orders(this.host, ready)
    if (orders === undefined) this.#probed.resolve()
    else this.#input.write(orders)
  }

  end(): void {
    this.#input.end()
  }

  async surveyed(): Promise<Surveyed> {
    const outcome = (await this.#outcome) ?? { kind: 'lost', sent: false, reason: 'it never began', sections: [] }
    return { outcome, ready: this.#ready, clocks: this.#clocks, complete: this.#complete }
  }

  #onMark([word, first, second]: readonly string[], onProgress: () => void): void {
    if (word === 'listening') {
      this.#ready = this.#text
      this.#askClock()
    } else if (word === 'clock') this.#onClock(Number(first), Number(second))
    else if (word === 'progress') {
      this.done = Number(first)
      this.total = Number(second)
      onProgress()
    } else if (word === 'probed') {
      this.#complete = true
      this.done = this.total
      onProgress()
      this.#probed.resolve()
    }
  }

  #askClock(): void {
    this.#asked.push(this.#plan.nowMs())
    this.#input.write(this.#plan.clockOrder(this.#asked.length - 1))
  }

  #onClock(id: number, hostMs: number): void {
    const askedMs = this.#asked[id]
    if (askedMs !== undefined && Number.isFinite(hostMs))
      this.#clocks.push({ askedMs, heardMs: this.#plan.nowMs(), hostMs })
    if (this.#asked.length < CLOCK_READINGS) this.#askClock()
    else this.#listening.resolve()
  }
}

/** Text that is written bit by bit and read by whoever sends it. */
export class Input implements AsyncIterable<string> {
  readonly #pieces: string[] = []
  #over = false
  #wake: () => void = () => undefined

  write(text: string): void {
    this.#pieces.push(text)
    this.#wake()
  }

  end(): void {
    this.#over = true
    this.#wake()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string> {
    for (;;) {
      const piece = this.#pieces.shift()
      if (piece !== undefined) yield piece
      else if (this.#over) return
      else await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }
}

/** All text of a script, whatever its marks. */
export function textOf(outcome: Outcome): string {
  const sections: readonly Section[] = 'sections' in outcome ? outcome.sections : []
  return sections.map(({ text }) => text).join('\n')
}
