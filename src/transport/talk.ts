import type { ClientChannel } from 'ssh2'
import { UnreachableError } from '../core/errors.ts'
import type { Counters } from '../core/host.ts'
import { type Becoming, promptsIn, withoutPrompts } from './become.ts'
import { CappedText } from './capped-text.ts'
import type { Channels } from './channels.ts'
import { ChannelError } from './connection.ts'
import { FrameParser, type FrameSink, newNonce } from './frame.ts'
import { type BecomePlan, bootstrapLine, EXEC, prelude, prerequisites, stageLines } from './script.ts'

export interface TalkRequest {
  /** Shell text, after the prelude. What follows on stdin is its own. */
  readonly stage: (nonce: string) => string
  /** Sent right behind the stage. */
  readonly body?: (nonce: string) => string
  /** Close stdin after the body. */
  readonly endInput: boolean
  readonly deadlineMs: number
  readonly signal?: AbortSignal | undefined
  readonly capBytes?: number | undefined
  readonly sink: FrameSink
}

export type TalkEnd =
  /** The host closed the channel; `code` is undefined when a signal ended the shell. */
  | { readonly kind: 'closed'; readonly code?: number; readonly signal?: string }
  /** `conclude` was called, and the host left the channel open. */
  | { readonly kind: 'concluded' }
  | { readonly kind: 'refused' | 'lost'; readonly reason: string }
  | { readonly kind: 'deadline' | 'aborted' }

/** What a session keeps for all its talks. */
export interface TalkContext {
  readonly channels: Channels
  readonly becoming: Becoming
  readonly counters: Counters
  /** Set by the first hello. */
  bootId: string | undefined
  prerequisitesMet: boolean
}

/** How long the host may take to close a channel we have everything from. */
const CONCLUDE_MS = 300
const NOISE_BYTES = 4096
const STDERR_BYTES = 256 * 1024
const WRITE_BYTES = 64 * 1024

/** One exec channel from the first byte to the last: login noise, becoming root, the stage, its records, its end. */
export class Talk {
  readonly nonce = newNonce()
  /** @throws UnreachableError when no root shell could be had, or the host lacks a tool. */
  readonly ended: Promise<TalkEnd>
  /** Some of the stage has left this machine. */
  sent = false
  /** Process id of the root shell on the host. */
  pid: string | undefined
  readonly #context: TalkContext
  readonly #request: TalkRequest
  readonly #plan: BecomePlan
  readonly #stderr: CappedText
  #early = ''
  #noise = ''
  #sudo: 'missing' | 'refused' | undefined
  #passwordSent = false
  #channel: ClientChannel | undefined
  #exit: { code?: number; signal?: string } | undefined
  #parser: FrameParser
  #settle: { resolve: (end: TalkEnd) => void; reject: (error: unknown) => void }
  #timers: NodeJS.Timeout[] = []
  #over = false
  readonly #abort = (): void => this.#finish({ kind: 'aborted' })

  constructor(context: TalkContext, request: TalkRequest) {
    this.#context = context
    this.#request = request
    this.#plan = context.becoming.plan()
    this.#stderr = new CappedText(request.capBytes ?? STDERR_BYTES)
    this.#parser = new FrameParser(this.nonce, { onMark: (words) => this.#onMark(words), onBytes: (bytes) => this.#request.sink.onBytes(bytes) })
    const { promise, resolve, reject } = Promise.withResolvers<TalkEnd>()
    this.ended = promise
    this.#settle = { resolve, reject }
    this.#timers.push(setTimeout(() => this.#finish({ kind: 'deadline' }), request.deadlineMs))
    request.signal?.addEventListener('abort', this.#abort, { once: true })
    if (request.signal?.aborted === true) this.#abort()
    else void this.#open()
  }

  get stderr(): string {
    return withoutPrompts(this.#stderr.finish().text, this.nonce)
  }

  /** Sends bytes behind the stage, at the speed the host takes them. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length && !this.#over; at += WRITE_BYTES) {
      const piece = bytes.subarray(at, at + WRITE_BYTES)
      this.#context.counters.bytesSent += piece.length
      if (this.#channel?.write(piece) === false) await this.#drained()
    }
  }

  end(): void {
    this.#channel?.end()
  }

  /** Everything was received: do not wait for background processes that keep the channel open. */
  conclude(): void {
    this.#timers.push(setTimeout(() => this.#finish({ kind: 'concluded' }), CONCLUDE_MS))
  }

  async #open(): Promise<void> {
    const { channels, counters, becoming } = this.#context
    try {
      const channel = await channels.open(EXEC)
      if (this.#over) return void channel.on('error', () => {}).close()
      this.#channel = channel
      this.#listen(channel)
      counters.roundTrips += 3
      await this.write(Buffer.from(`${bootstrapLine(this.#plan, this.nonce)}\n`))
      if (this.#plan.kind === 'sudo with password') await this.#sendPassword()
      if (!becoming.waits(this.#plan)) await this.#sendStage()
      else counters.roundTrips++
    } catch (error) {
      if (error instanceof ChannelError) this.#finish(error.kind === 'deadline' ? { kind: 'lost', reason: error.message } : { kind: error.kind, reason: error.message })
      else this.#fail(error)
    }
  }

  #listen(channel: ClientChannel): void {
    const { counters } = this.#context
    channel.on('data', (chunk: Buffer) => {
      counters.bytesReceived += chunk.length
      if (this.#over) return
      if (this.pid === undefined) this.#noise = (this.#noise + chunk.toString('utf8')).slice(-NOISE_BYTES)
      this.#parser.push(chunk)
    })
    channel.stderr.on('data', (chunk: Buffer) => {
      counters.bytesReceived += chunk.length
      this.#stderr.push(chunk)
      if (this.pid === undefined) this.#onEarlyStderr(chunk)
    })
    channel.on('exit', (code: number | null, signal?: string) => {
      this.#exit = { ...(code === null ? {} : { code }), ...(signal === undefined ? {} : { signal }) }
    })
    channel.on('error', () => {})
    channel.on('close', () => this.#onClose())
  }

  #onEarlyStderr(chunk: Buffer): void {
    this.#early = (this.#early + chunk.toString('utf8')).slice(-NOISE_BYTES)
    // Asked again: the password is wrong. The end of stdin keeps sudo from a second attempt.
    if (this.#passwordSent && promptsIn(this.#early, this.nonce) > 1) this.#channel?.end()
  }

  #onMark(words: readonly string[]): void {
    const [word, ...rest] = words
    if (this.pid === undefined) {
      if (word === 'SUDO') this.#onSudo(rest[0])
      if (word === 'HELLO') this.#onHello(rest)
      return
    }
    if (word === 'MISSING' && !this.#context.prerequisitesMet) return this.#fail(missingTools(rest))
    this.#context.prerequisitesMet = true
    this.#request.sink.onMark(words)
  }

  #onSudo(result: string | undefined): void {
    this.#sudo = result === 'missing' ? 'missing' : 'refused'
    if (this.#sudo !== 'refused' || this.#plan.kind !== 'probe' || !this.#plan.password) return
    this.#context.counters.roundTrips++
    this.#sendPassword().catch((error: unknown) => this.#fail(error))
  }

  #onHello([uid = '', pid = '', how = '', bootId]: readonly string[]): void {
    try {
      this.#context.becoming.settle(uid, how)
    } catch (error) {
      return this.#fail(error)
    }
    this.pid = pid
    this.#noise = ''
    this.#context.bootId ??= bootId
    this.hostBootId = bootId
    if (this.#context.becoming.waits(this.#plan)) this.#sendStage().catch((error: unknown) => this.#fail(error))
  }

  /** The boot this talk happens in; differs from the context's after a reboot. */
  hostBootId: string | undefined

  async #sendPassword(): Promise<void> {
    const password = await this.#context.becoming.password()
    if (/[\n\0]/.test(password)) throw new UnreachableError({ what: 'the sudo password contains a newline or NUL', fix: 'correct the secret it comes from' })
    this.#passwordSent = true
    await this.write(Buffer.from(`${password}\n`))
  }

  async #sendStage(): Promise<void> {
    const { stage, body, endInput } = this.#request
    const check = this.#context.prerequisitesMet ? '' : `\n${prerequisites()}`
    this.sent = true
    await this.write(Buffer.from(stageLines(`${prelude(this.nonce)}${check}\n${stage(this.nonce)}`, this.nonce) + (body?.(this.nonce) ?? '')))
    if (endInput) this.end()
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const channel = this.#channel
      if (channel === undefined || this.#over) return resolve()
      const go = () => {
        channel.off('drain', go).off('close', go)
        resolve()
      }
      channel.once('drain', go).once('close', go)
    })
  }

  #onClose(): void {
    if (this.#over) return
    const { connection } = this.#context.channels
    if (this.#exit === undefined) return this.#finish({ kind: 'lost', reason: connection.lostBecause ?? 'the host closed the channel without a result' })
    if (this.pid !== undefined) return this.#finish({ kind: 'closed', ...this.#exit })
    this.#fail(
      this.#context.becoming.refusal({
        nonce: this.nonce,
        stderr: this.#stderr.finish().text,
        noise: this.#noise,
        code: this.#exit.code,
        sudo: this.#sudo,
        passwordSent: this.#passwordSent,
      }),
    )
  }

  #finish(end: TalkEnd): void {
    if (this.#over) return
    this.#parser.flush()
    this.#leave()
    this.#settle.resolve(end)
  }

  #fail(error: unknown): void {
    if (this.#over) return
    this.#leave()
    this.#settle.reject(error)
  }

  #leave(): void {
    this.#over = true
    for (const timer of this.#timers) clearTimeout(timer)
    this.#request.signal?.removeEventListener('abort', this.#abort)
    this.#channel?.close()
  }
}

function missingTools(tools: readonly string[]): UnreachableError {
  return new UnreachableError({
    what: `the host lacks ${tools.join(', ')}`,
    why: 'provision needs a POSIX sh, coreutils, tar and util-linux (flock, setsid) on the host, and nothing else',
    fix: 'install them: apt-get install coreutils util-linux tar, or dnf install coreutils util-linux tar',
  })
}
