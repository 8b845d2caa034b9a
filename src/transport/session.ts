import type { Blob, Job, LockHolder, Outcome, Peer, RunOptions, Session, UploadOptions } from '../core/host.ts'
import type { Link } from './link.ts'
import { HostLock, type LockOptions } from './lock.ts'
import { reboot } from './reboot.ts'
import { run } from './run.ts'
import { supervise } from './supervisor.ts'
import { upload } from './upload.ts'

/**
 * A machine we may talk to. Round trips are counted by rule, not measured: each script costs three (channel open, exec reply, the data),
 * one more when it has to wait for sudo, and connecting counts as none. Bytes are those of the channels, without SSH's own.
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

  run(script: string, options: RunOptions): Promise<Outcome> {
    return run(this.#link, script, options)
  }

  async supervise(job: Job, options: RunOptions): Promise<Outcome> {
    this.#lock?.check()
    return supervise(this.#link, job, options, async () => this.#lock?.retake())
  }

  async upload(run: string, blobs: readonly Blob[], options: UploadOptions): Promise<Outcome> {
    this.#lock?.check()
    return upload(this.#link, run, blobs, options)
  }

  async lock(holder: LockHolder): Promise<void> {
    if (this.#lock !== undefined) throw new Error(`the lock of ${this.host} is already held by this session`)
    const lock = new HostLock(this.#link, holder, this.#lockOptions)
    await lock.take()
    this.#lock = lock
  }

  reboot(options: Pick<RunOptions, 'deadlineMs' | 'signal'>): Promise<Outcome> {
    this.#lock = undefined
    return reboot(this.#link, options)
  }

  async close(): Promise<void> {
    await this.#lock?.release()
    await this.#link.close()
    this.#closed()
  }
}
