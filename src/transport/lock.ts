import { LockedError, UnreachableError } from '../core/errors.ts'
import type { LockHolder } from '../core/host.ts'
import { checkName, RUN_FOLDER } from './folders.ts'
import type { Link } from './link.ts'
import { lockStage } from './lock-script.ts'
import type { Talk, TalkEnd } from './talk.ts'

export interface LockOptions {
  /** How long to wait for a job that an earlier, lost run left behind. */
  readonly orphanMs: number
  /** Taking the lock itself. */
  readonly takeMs: number
  /** Between two signs of life that the host gets from whoever holds its lock. */
  readonly beatMs: number
  /** Called once when there is something to wait for, with what it is. */
  readonly onWait?: (host: string, text: string) => void
}

export const LOCK_OPTIONS: LockOptions = { orphanMs: 10 * 60_000, takeMs: 60_000, beatMs: 15_000 }

/** A talk that lasts as long as the lock: no deadline of its own. */
const FOREVER_MS = 2 ** 31 - 1

/**
 * The host's lock is a `flock` held by a shell on the host, and that shell lives as long as our channel: no time stamp
 * decides who has it. An sshd that is told nothing keeps the channel of a machine that is gone for hours (tcp(7): two,
 * before the first keepalive), so the shell ends too when it has not heard of us for a while. A job of a run that was cut
 * off holds a second lock, `jobs`; the next run waits for that.
 */
export class HostLock {
  readonly #link: Link
  readonly #holder: LockHolder
  readonly #options: LockOptions
  #talk: Talk | undefined
  #beating: NodeJS.Timeout | undefined
  /** Why we do not hold it, once all that is under way has ended. */
  #lost: Promise<unknown> = Promise.resolve(undefined)

  constructor(link: Link, holder: LockHolder, options: LockOptions) {
    checkName('run', holder.run)
    this.#link = link
    this.#holder = holder
    this.#options = options
  }

  /** @throws LockedError naming who has it and since when */
  async take(): Promise<void> {
    const answer = Promise.withResolvers<void>()
    let busy: readonly string[] | undefined
    let json = ''
    const timer = setTimeout(() => answer.reject(this.#slow()), this.#options.takeMs)
    const talk = this.#link.talk({
      stage: () => lockStage(this.#holder, this.#options),
      endInput: false,
      deadlineMs: FOREVER_MS,
      sink: {
        onMark: (words) => {
          clearTimeout(timer)
          if (words[0] === 'LOCKED') answer.resolve()
          if (words[0] === 'ORPHAN') this.#options.onWait?.(this.#link.target.name, orphanText(words))
          if (words[0] === 'QUIET') this.#options.onWait?.(this.#link.target.name, quietText(words))
          if (words[0] === 'STUCK') answer.reject(this.#stuck(words))
          if (words[0] === 'UNSAFE') answer.reject(this.#unsafe(words.slice(1).join(' ')))
          if (words[0] === 'BUSY') busy = words
        },
        onBytes: (bytes) => {
          if (busy !== undefined) json += Buffer.from(bytes).toString('utf8')
        },
      },
    })
    talk.ended.then(
      (end) => answer.reject(busy === undefined ? this.#broken(end) : this.#busy(busy, json)),
      (error: unknown) => answer.reject(error),
    )
    try {
      await answer.promise
      this.#hold(talk)
    } catch (error) {
      talk.end()
      talk.conclude()
      throw error
    } finally {
      clearTimeout(timer)
    }
  }

  /** After a reconnect: the channel that held the lock is gone. A failure is remembered, and stops the next change. */
  async retake(): Promise<void> {
    this.forget()
    this.#lost = this.#lost.then(() =>
      this.take().then(
        () => undefined,
        (error: unknown) => error,
      ),
    )
    await this.#lost
  }

  /** @throws LockedError when somebody else took over while we were cut off, or why we could not take it again */
  async check(): Promise<void> {
    const lost = await this.#lost
    if (lost !== undefined) throw lost
  }

  /** The host is about to end it. */
  forget(): void {
    this.#talk = undefined
    clearInterval(this.#beating)
  }

  /** Never throws. */
  async release(): Promise<void> {
    await this.#lost
    const talk = this.#talk
    this.forget()
    if (talk === undefined || this.#link.isLost) return
    await talk.write(Buffer.from('release\n'))
    talk.end()
    talk.conclude()
    await talk.ended.catch(() => undefined)
  }

  #hold(talk: Talk): void {
    this.#talk = talk
    this.#beating = setInterval(() => void talk.write(Buffer.from('beat\n')), this.#options.beatMs).unref()
    const ended = (): void => {
      // The host did not hear of us for too long, or somebody killed the holder there: it may still be free.
      if (this.#talk === talk && !this.#link.isLost) void this.retake()
    }
    talk.ended.then(ended, ended)
  }

  #busy(words: readonly string[], json: string): LockedError {
    const [, pid = '', age = ''] = words
    const other = parseHolder(json)
    const { name, address } = this.#link.target
    const who = other === undefined ? 'somebody' : `${other.who} (run ${other.run})`
    const command = other === undefined ? '' : `, who runs \`${other.command}\``
    return new LockedError({
      what: `${name} is being changed by ${who} since ${other?.since ?? 'an unknown time'} (${ageText(age)})${command}`,
      where: name,
      why: 'one host is changed by one run at a time',
      fix: `wait for that run to end; if its machine is gone for good: ssh ${address} sudo kill ${pid}`,
    })
  }

  #stuck([, run = '', job = '', pid = '']: readonly string[]): LockedError {
    const { name, address } = this.#link.target
    return new LockedError({
      what: `${name}: nobody holds the lock, but job ${job} of the earlier run ${run} still runs after ${this.#options.orphanMs / 1000} s`,
      where: name,
      why: 'the run that started it lost its link or was killed; a job is never stopped halfway by itself',
      fix: `look at it with: ssh ${address} sudo tail -f ${RUN_FOLDER}/${run}/${job}/out, then try again, or stop it with: sudo kill -- -${pid}`,
    })
  }

  #unsafe(path: string): UnreachableError {
    return new UnreachableError({
      what: `${this.#link.target.name}: ${path} is not a folder of root's own`,
      where: path,
      why: 'somebody else could swap what provision puts there',
      fix: `look at it (ls -ld ${path}), then move it away`,
    })
  }

  #slow(): UnreachableError {
    return new UnreachableError({
      what: `${this.#link.target.name} did not say within ${this.#options.takeMs / 1000} s whether it is locked`,
      where: this.#link.target.name,
    })
  }

  #broken(end: TalkEnd): UnreachableError {
    const reason = 'reason' in end ? end.reason : `the locking script ended: ${end.kind}`
    return new UnreachableError({
      what: `${this.#link.target.name}: cannot take the lock: ${reason}`,
      where: this.#link.target.name,
    })
  }
}

const orphanText = ([, run = 'unknown', job = '']: readonly string[]): string =>
  `waiting for job ${job} of the earlier run ${run}, which was cut off`

const quietText = ([, seconds = '?', run = 'unknown']: readonly string[]): string =>
  `run ${run} holds the lock and was not heard of for ${seconds} s: waiting until it is, or is given up`

function parseHolder(json: string): LockHolder | undefined {
  try {
    const value: unknown = JSON.parse(json)
    if (typeof value !== 'object' || value === null) return undefined
    const text = (key: string): string => String((value as Record<string, unknown>)[key] ?? 'unknown')
    return { run: text('run'), who: text('who'), command: text('command'), since: text('since') }
  } catch {
    return undefined
  }
}

function ageText(seconds: string): string {
  const age = Number.parseInt(seconds, 10)
  if (Number.isNaN(age)) return 'for an unknown time'
  if (age < 120) return `for ${age} s`
  return age < 7200 ? `for ${Math.round(age / 60)} min` : `for ${Math.round(age / 3600)} h`
}
