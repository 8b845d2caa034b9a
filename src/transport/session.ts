import { setTimeout as sleep } from 'node:timers/promises'
import { UnreachableError } from '../core/errors.ts'
import type { Blob, Job, LockHolder, Outcome, Peer, RunOptions, Session, UploadOptions } from '../core/host.ts'
import type { Link } from './link.ts'
import { HostLock, type LockOptions } from './lock.ts'
import { reboot } from './reboot.ts'
import { run } from './run.ts'
import { supervise } from './supervisor.ts'
import { upload } from './upload.ts'

const UPLOAD_RETRIES = 3
const UPLOAD_PAUSE_MS = 1000

/**
 * A machine we may talk to. Round trips are counted by rule, not measured: each script costs three (channel open, exec
 * reply, the data), one more when it has to wait for sudo, and connecting counts as none. Bytes are those of the
 * channels, without SSH's own.
 */
export class SshSession implements Session {
  readonly host: string
  readonly #link: Link
  readonly #lockOptions: LockOptions
  readonly #closed: () => void
  #lock: HostLock | undefined

  constructor(host: string, link: Link, options: { readonly lock: LockOptions; readonly closed: () => void }) {
    this.host = host
    this.#link = link
    this.#lockOptions = options.lock
    this.#closed = options.closed
  }

  get peer(): Peer {
    const { address, port, user } = this.#link.target
    return { address, port, user, hostKey: this.#link.connection.hostKey, become: this.#link.becoming.method }
  }

  get counters() {
    return this.#link.counters
  }

  /** A link that was found dead earlier is replaced first; one that dies now is the outcome. */
  async run(script: string, options: RunOptions): Promise<Outcome> {
    await this.#revive(options.signal)
    return run(this.#link, script, options)
  }

  async supervise(job: Job, options: RunOptions): Promise<Outcome> {
    await this.#revive(options.signal)
    await this.#lock?.check()
    return supervise(this.#link, job, options, async () => this.#lock?.retake())
  }

  /** Asking for the same blobs again does no harm, so a cut costs what was not yet whole, and nothing else. */
  async upload(run: string, blobs: readonly Blob[], options: UploadOptions): Promise<Outcome> {
    for (let attempt = 1; ; attempt++) {
      await this.#revive(options.signal)
      await this.#lock?.check()
      const outcome = await upload(this.#link, run, blobs, options)
      if (outcome.kind !== 'lost' || options.signal?.aborted === true || attempt > UPLOAD_RETRIES) return outcome
      await sleep(UPLOAD_PAUSE_MS * (0.5 + Math.random()))
    }
  }

  async lock(holder: LockHolder): Promise<void> {
    if (this.#lock !== undefined) throw new Error(`the lock of ${this.host} is already held by this session`)
    await this.#revive()
    const lock = new HostLock(this.#link, holder, this.#lockOptions)
    await lock.take()
    this.#lock = lock
  }

  reboot(options: Pick<RunOptions, 'deadlineMs' | 'signal'>): Promise<Outcome> {
    this.#lock?.forget()
    this.#lock = undefined
    return reboot(this.#link, options)
  }

  /** When it fails, what comes next finds the link as dead as it is, and says so as its outcome. */
  async #revive(signal: AbortSignal = new AbortController().signal): Promise<void> {
    if (!this.#link.isLost || signal.aborted) return
    try {
      await this.#link.reconnect(signal)
    } catch (error) {
      if (error instanceof UnreachableError || signal.aborted) return
      throw error
    }
    await this.#lock?.retake()
  }

  async close(): Promise<void> {
    await this.#lock?.release()
    await this.#link.close()
    this.#closed()
  }
}
