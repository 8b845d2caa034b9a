import { LockedError, UnreachableError } from '../core/errors.ts'
import { type LockHolder, STAGE } from '../core/host.ts'
import { quote } from '../core/quote.ts'
import { checkName, RUN_FOLDER } from './folders.ts'
import type { Link } from './link.ts'
import { SAFE_DIR } from './script.ts'
import type { Talk, TalkEnd } from './talk.ts'

export interface LockOptions {
  /** How long to wait for a job that an earlier, lost run left behind. */
  readonly orphanMs: number
  /** Taking the lock itself. */
  readonly takeMs: number
  /** Called once when there is something to wait for, with what it is. */
  readonly onWait?: (host: string, text: string) => void
}

export const LOCK_OPTIONS: LockOptions = { orphanMs: 10 * 60_000, takeMs: 60_000 }

/** A talk that lasts as long as the lock: no deadline of its own. */
const FOREVER_MS = 2 ** 31 - 1

/**
 * The host's lock is a `flock` held by a shell on the host, and that shell lives as long as our channel: no clock and
 * no time stamp decides who has it. A job of a run that was cut off holds a second lock, `jobs`; the next run waits for
 * that.
 */
export class HostLock {
  readonly #link: Link
  readonly #holder: LockHolder
  readonly #options: LockOptions
  #talk: Talk | undefined
  #lost: unknown

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
      stage: () => lockStage(this.#holder, Math.ceil(this.#options.orphanMs / 1000)),
      endInput: false,
      deadlineMs: FOREVER_MS,
      sink: {
        onMark: (words) => {
          clearTimeout(timer)
          if (words[0] === 'LOCKED') answer.resolve()
          if (words[0] === 'ORPHAN') this.#options.onWait?.(this.#link.target.name, orphanText(words))
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
      this.#talk = talk
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
    this.#talk = undefined
    this.#lost = await this.take().then(
      () => undefined,
      (error: unknown) => error,
    )
  }

  /** @throws LockedError when somebody else took over while we were cut off, or why we could not take it again */
  check(): void {
    if (this.#lost !== undefined) throw this.#lost
  }

  /** Never throws. */
  async release(): Promise<void> {
    const talk = this.#talk
    this.#talk = undefined
    if (talk === undefined || this.#link.isLost) return
    await talk.write(Buffer.from('release\n'))
    talk.end()
    talk.conclude()
    await talk.ended.catch(() => undefined)
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

function lockStage(holder: LockHolder, orphanSeconds: number): string {
  return `${SAFE_DIR}
me=${quote(holder.run)}
safe_dir ${RUN_FOLDER} || { mark UNSAFE ${RUN_FOLDER}; exit 1; }
cd ${RUN_FOLDER} || exit 1
exec 9>>lock
holder() { pid=; run=; json=; [ -e holder ] && { read -r pid run; IFS= read -r json; } <holder; }
if ! flock -n 9; then
  holder
  # Our own lock, held for a link that is gone but that sshd has not missed yet.
  if [ "$run" = "$me" ]; then kill "$pid"; flock 9; else
    mark BUSY "$pid" "$(($(date +%s) - $(stat -c %Y holder 2>/dev/null || date +%s)))"; printf '%s\\n' "$json"; exit 0
  fi
fi
printf '%s %s\\n%s\\n' "$$" "$me" ${quote(JSON.stringify(holder))} >holder.part && mv holder.part holder || exit 1
exec 8>>jobs
i=0
until flock -n 8; do
  running=$(cat running 2>/dev/null)
  [ "\${running%% *}" = "$me" ] && break
  [ $i = 0 ] && mark ORPHAN $running
  [ $i -ge ${orphanSeconds} ] && { rm -f holder; mark STUCK $running; exit 0; }
  i=$((i + 1)); sleep 1
done
exec 8>&-
keep=1
ls -1t | while read -r d; do
  [ -d "$d" ] && [ ! -L "$d" ] && [ "$d" != "$me" ] || continue
  rm -rf "./$d/blobs"
  if [ $keep = 1 ] && rmdir "./$d" 2>/dev/null; then continue; fi
  if [ $keep = 1 ]; then keep=0; else rm -rf "./$d"; fi
done
mark LOCKED
IFS= read -r word
if [ "$word" = release ]; then
  rm -rf "./$me/blobs"; rmdir "./$me" 2>/dev/null
  # What was put in place is not needed twice; a download that was cut off is gone on with next time.
  for f in ${STAGE.disk}/*; do case $f in *.part) ;; *) rm -f -- "$f" ;; esac; done
  rm -f holder
fi
exit 0`
}

const orphanText = ([, run = 'unknown', job = '']: readonly string[]): string =>
  `waiting for job ${job} of the earlier run ${run}, which was cut off`

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
