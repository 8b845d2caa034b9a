import type { Duplex } from 'node:stream'
import { NodeSSH } from 'node-ssh'
import type { Client, VerifyCallback } from 'ssh2'
import { explainHandshake } from './connect-error.ts'
import { Credentials } from './credentials.ts'
import { fingerprint, type HostKeyAlgorithm } from './host-key.ts'
import { PhaseTimer } from './phase-timer.ts'
import { type ConnectTimeouts, KEEP_ALIVE_MS, type SshTarget } from './target.ts'
import type { Trust } from './trust.ts'

export interface HandshakeOptions {
  readonly trust: Trust
  readonly algorithms: readonly HostKeyAlgorithm[]
  readonly timeouts: ConnectTimeouts
  readonly signal: AbortSignal
}

export interface Opened {
  readonly ssh: NodeSSH
  readonly client: Client
  readonly hostKey: string
}

const GREETING_BYTES = 200

/**
 * Everything between an open socket and a login. node-ssh is used here and nowhere else, for connecting and disposing
 * only.
 */
export class Handshake {
  readonly #target: SshTarget
  readonly #socket: Duplex
  readonly #options: HandshakeOptions
  readonly #credentials: Credentials
  readonly #timer: PhaseTimer
  #hostKey = ''
  /** Why we do not trust the host; it explains more than ssh2's "verification failed". */
  #refusal: unknown
  #problem: Error | undefined
  #authenticating = false
  /** What the host said instead of an SSH banner: sshd explains there why it turns somebody away. */
  #greeting = ''

  constructor(target: SshTarget, socket: Duplex, options: HandshakeOptions) {
    this.#target = target
    this.#socket = socket
    this.#options = options
    this.#credentials = new Credentials(target)
    this.#timer = new PhaseTimer((phase, ms) => socket.destroy(new Error(`${phase} took longer than ${ms / 1000} s`)))
  }

  /** @throws UnreachableError, or the reason of the signal. */
  async complete(): Promise<Opened> {
    const { signal } = this.#options
    const stop = () => this.#socket.destroy(new Error('stopped'))
    signal.addEventListener('abort', stop, { once: true })
    try {
      signal.throwIfAborted()
      return await this.#connect()
    } catch (error) {
      this.#socket.on('error', () => {}).destroy()
      signal.throwIfAborted()
      throw this.#explained(error)
    } finally {
      this.#timer.stop()
      signal.removeEventListener('abort', stop)
    }
  }

  async #connect(): Promise<Opened> {
    const { timeouts, algorithms } = this.#options
    const target = this.#target
    const ssh = new NodeSSH()
    this.#timer.start('the key exchange', timeouts.handshakeMs)
    const ready = ssh.connect({
      host: target.address,
      username: target.user,
      sock: this.#socket as never,
      hostVerifier: (key: Buffer, answer: VerifyCallback) => this.#verify(key, answer),
      algorithms: { serverHostKey: [...algorithms] },
      authHandler: this.#credentials.handler((asking) =>
        asking ? this.#timer.pause() : this.#timer.resume(),
      ) as never,
      keepaliveInterval: target.keepAliveMs ?? KEEP_ALIVE_MS,
      // Liveness judges the silence; ssh2 would not count data as a sign of life.
      keepaliveCountMax: Number.MAX_SAFE_INTEGER,
      readyTimeout: 0,
    })
    const client = ssh.connection as Client
    this.#socket.once('data', (chunk: Buffer) => {
      this.#greeting = chunk.toString('latin1', 0, GREETING_BYTES)
    })
    // In the same tick, and for good: an `error` event without a listener would end the whole program. Not every error
    // is the end (an agent that cannot sign, for instance), so the first one is only remembered.
    client.on('error', (error) => {
      this.#problem ??= error
    })
    client.on('handshake', () => {
      this.#authenticating = true
      this.#timer.start('logging in', timeouts.authMs)
    })
    const closed = new Promise<never>((_, reject) =>
      client.on('close', () => reject(this.#problem ?? new Error('closed'))),
    )
    closed.catch(() => {})
    await Promise.race([ready, closed])
    return { ssh, client, hostKey: this.#hostKey }
  }

  #verify(key: Buffer, answer: VerifyCallback): void {
    this.#timer.pause()
    this.#options.trust.check(this.#target, key).then(
      () => {
        this.#hostKey = fingerprint(key)
        this.#timer.resume()
        answer(true)
      },
      (error: unknown) => {
        this.#refusal = error
        answer(false)
      },
    )
  }

  #explained(error: unknown): unknown {
    if (this.#refusal !== undefined) return this.#refusal
    const cause = (error ?? this.#problem) as Error & { level?: string }
    if (this.#authenticating && cause.level === 'client-authentication') return this.#credentials.error()
    const greeting = this.#greeting.startsWith('SSH-') ? '' : this.#greeting.trim()
    const [target, socket, authenticating] = [this.#target, this.#socket, this.#authenticating]
    return explainHandshake({ target, cause, socket, authenticating, greeting })
  }
}
