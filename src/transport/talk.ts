import type { ClientChannel } from 'ssh2'
import type { Counters } from '../core/host.ts'
import { type Becoming, stderrAfterHello } from './become.ts'
import { CappedText } from './capped-text.ts'
import type { Channels } from './channels.ts'
import { ChannelError } from './connection.ts'
import { Entry, type Hello } from './entry.ts'
import { FrameParser, type FrameSink, newNonce } from './frame.ts'
import { PhaseTimer } from './phase-timer.ts'
import { EXEC, prelude, prerequisites, stageLines } from './script.ts'

export interface TalkRequest {
  /** Shell text, after the prelude. What follows on stdin is its own. */
  readonly stage: (nonce: string) => string
  /** Sent right behind the stage. */
  readonly body?: (nonce: string) => string
  /** Close stdin after the body. */
  readonly endInput: boolean
  /** Without the time a person takes to type a password. */
  readonly deadlineMs: number
  readonly signal?: AbortSignal | undefined
  /** For stderr. */
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
const STDERR_BYTES = 256 * 1024
const WRITE_BYTES = 64 * 1024

/** One exec channel from the first byte to the last: becoming root, the stage, its records, its end. */
export class Talk {
  readonly nonce = newNonce()
  /** @throws UnreachableError when no root shell could be had, or the host lacks a tool. */
  readonly ended: Promise<TalkEnd>
  /** Some of the stage has left this machine. */
  sent = false
  readonly #context: TalkContext
  readonly #request: TalkRequest
  readonly #entry: Entry
  readonly #stderr: CappedText
  readonly #parser: FrameParser
  readonly #settle: Pick<PromiseWithResolvers<TalkEnd>, 'resolve' | 'reject'>
  readonly #deadline: PhaseTimer
  readonly #abort = (): void => this.#finish({ kind: 'aborted' })
  #channel: ClientChannel | undefined
  #exit: { code?: number; signal?: string } | undefined
  #concluding: NodeJS.Timeout | undefined
  #over = false

  constructor(context: TalkContext, request: TalkRequest) {
    this.#context = context
    this.#request = request
    this.#entry = new Entry(context.becoming, this.nonce)
    this.#stderr = new CappedText(request.capBytes ?? STDERR_BYTES)
    this.#parser = new FrameParser(this.nonce, {
      onMark: (words) => this.#onMark(words),
      onBytes: (bytes) => this.#request.sink.onBytes(bytes),
    })
    const { promise, resolve, reject } = Promise.withResolvers<TalkEnd>()
    this.ended = promise
    this.#settle = { resolve, reject }
    this.#deadline = new PhaseTimer(() => this.#finish({ kind: 'deadline' }))
    this.#deadline.start('the script', request.deadlineMs)
    request.signal?.addEventListener('abort', this.#abort, { once: true })
    if (request.signal?.aborted === true) this.#abort()
    else this.#open().catch((error: unknown) => this.#fail(error))
  }

  get stderr(): string {
    return stderrAfterHello(this.#stderr.finish().text, this.nonce)
  }

  /** The root shell on the host, once it said hello. */
  get hello(): Hello | undefined {
    return this.#entry.hello
  }

  /** Sends bytes behind the stage, at the speed the host takes them: one piece waits at a time. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length && !this.#over; at += WRITE_BYTES) {
      const piece = bytes.subarray(at, at + WRITE_BYTES)
      this.#context.counters.bytesSent += piece.length
      await this.#taken(piece)
    }
  }

  end(): void {
    this.#channel?.end()
  }

  /** Everything was received: do not wait for background processes that keep the channel open. */
  conclude(): void {
    this.#concluding ??= setTimeout(() => this.#finish({ kind: 'concluded' }), CONCLUDE_MS)
  }

  async #open(): Promise<void> {
    const { channels, counters } = this.#context
    this.#channel = await channels.open(EXEC, (channel) => this.#listen(channel))
    if (this.#over) return void this.#channel.close()
    counters.roundTrips += 3
    await this.write(Buffer.from(this.#entry.firstLine))
    if (this.#entry.startsWithPassword) await this.#sendPassword()
    if (this.#entry.waits) counters.roundTrips++
    else await this.#sendStage()
  }

  /** Both streams are always read: they share one window, and an unread one would stop the other. */
  #listen(channel: ClientChannel): void {
    const { counters } = this.#context
    channel.on('data', (chunk: Buffer) => {
      counters.bytesReceived += chunk.length
      if (this.#over) return
      if (this.hello === undefined) this.#entry.onStdout(chunk)
      this.#parser.push(chunk)
    })
    channel.stderr.on('data', (chunk: Buffer) => {
      counters.bytesReceived += chunk.length
      this.#stderr.push(chunk)
      if (this.hello === undefined && this.#entry.onStderr(chunk)) this.end()
    })
    channel.on('exit', (code: number | null, signal?: string) => {
      this.#exit = { ...(code === null ? {} : { code }), ...(signal === undefined ? {} : { signal }) }
    })
    channel.on('error', () => {})
    channel.on('close', () => this.#onClose())
  }

  #onMark(words: readonly string[]): void {
    const [word, ...rest] = words
    if (this.hello === undefined) this.#onEntryMark(words)
    else if (word === 'MISSING' && !this.#context.prerequisitesMet) this.#fail(this.#context.becoming.lacks(rest))
    else {
      this.#context.prerequisitesMet = true
      this.#request.sink.onMark(words)
    }
  }

  #onEntryMark(words: readonly string[]): void {
    try {
      const next = this.#entry.onMark(words)
      if (next === 'password') this.#context.counters.roundTrips++
      if (next === 'password') this.#sendPassword().catch((error: unknown) => this.#fail(error))
      if (next !== 'hello') return
      this.#context.bootId ??= this.hello?.bootId
      if (this.#entry.waits) this.#sendStage().catch((error: unknown) => this.#fail(error))
    } catch (error) {
      this.#fail(error)
    }
  }

  async #sendPassword(): Promise<void> {
    this.#deadline.pause()
    const line = await this.#entry.password()
    if (this.#over) return
    this.#deadline.resume()
    await this.write(Buffer.from(line))
  }

  async #sendStage(): Promise<void> {
    const { stage, body, endInput } = this.#request
    const check = this.#context.prerequisitesMet ? '' : `\n${prerequisites()}`
    const lines = stageLines(`${prelude(this.nonce)}${check}\n${stage(this.nonce)}`, this.nonce)
    this.sent = true
    await this.write(Buffer.from(lines + (body?.(this.nonce) ?? '')))
    if (endInput) this.end()
  }

  #taken(piece: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      const channel = this.#channel
      if (channel === undefined) return resolve()
      const go = () => {
        channel.off('close', go)
        resolve()
      }
      channel.once('close', go)
      channel.write(piece, go)
    })
  }

  #onClose(): void {
    const reason = this.#context.channels.lostBecause ?? 'the host closed the channel without a result'
    if (this.#exit === undefined) this.#finish({ kind: 'lost', reason })
    else if (this.hello === undefined) this.#fail(this.#entry.refusal(this.#exit.code))
    else this.#finish({ kind: 'closed', ...this.#exit })
  }

  #finish(end: TalkEnd): void {
    if (this.#over) return
    this.#parser.flush()
    this.#leave()
    this.#settle.resolve(end)
  }

  #fail(error: unknown): void {
    if (this.#over) return
    if (error instanceof ChannelError) {
      this.#finish({ kind: error.kind === 'refused' ? 'refused' : 'lost', reason: error.message })
      return
    }
    this.#leave()
    this.#settle.reject(error)
  }

  #leave(): void {
    this.#over = true
    this.#deadline.stop()
    clearTimeout(this.#concluding)
    this.#request.signal?.removeEventListener('abort', this.#abort)
    this.#channel?.close()
  }
}
