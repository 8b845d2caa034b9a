import type { Duplex } from 'node:stream'
import { NodeSSH } from 'node-ssh'
import type { Client, ClientChannel, VerifyCallback } from 'ssh2'
import { UnreachableError } from '../core/errors.ts'
import { explainHandshake } from './connect-error.ts'
import { Credentials } from './credentials.ts'
import { fingerprint } from './host-key.ts'
import { Liveness } from './liveness.ts'
import { PhaseTimer } from './phase-timer.ts'
import { openSocket } from './socket.ts'
import { type ConnectTimeouts, KEEP_ALIVE_MS, type SshTarget } from './target.ts'
import type { Trust } from './trust.ts'

export interface ConnectionOptions {
  readonly trust: Trust
  readonly timeouts: ConnectTimeouts
  readonly signal: AbortSignal
  /** The previous hop, when there is one. */
  readonly via?: Connection
}

/** How opening a channel ended without one. */
export class ChannelError extends Error {
  readonly kind: 'refused' | 'lost' | 'deadline'
  constructor(kind: 'refused' | 'lost' | 'deadline', message: string) {
    super(message)
    this.name = 'ChannelError'
    this.kind = kind
  }
}

/** One authenticated connection to a verified host. After `open` nothing here throws outside a call. */
export class Connection {
  readonly hostKey: string
  /** Settles when the link is gone, with the reason. */
  readonly gone: Promise<string>
  readonly #ssh: NodeSSH
  readonly #client: Client
  readonly #socket: Duplex
  readonly #timeouts: ConnectTimeouts
  #reason: string | undefined

  private constructor(parts: { ssh: NodeSSH; client: Client; socket: Duplex; hostKey: string; timeouts: ConnectTimeouts; keepAliveMs: number }) {
    this.#ssh = parts.ssh
    this.#client = parts.client
    this.#socket = parts.socket
    this.#timeouts = parts.timeouts
    this.hostKey = parts.hostKey
    const liveness = new Liveness(parts.socket, parts.keepAliveMs)
    let problem = 'the host closed the connection'
    this.gone = new Promise((resolve) => {
      // Permanent: an `error` event without a listener would end the whole program, with every other host's work.
      this.#client.on('error', (error) => {
        problem = liveness.reason ?? error.message
      })
      this.#client.on('close', () => {
        liveness.stop()
        this.#reason ??= liveness.reason ?? problem
        resolve(this.#reason)
      })
    })
  }

  /** @throws UnreachableError, or the reason of the signal. */
  static async open(target: SshTarget, options: ConnectionOptions): Promise<Connection> {
    const { timeouts, signal, trust, via } = options
    const algorithms = await trust.algorithms(target)
    const socket = await openSocket(target, {
      timeoutMs: timeouts.tcpMs,
      signal,
      ...(via === undefined ? {} : { forward: (address: string, port: number) => via.forward(address, port, target) }),
    })
    const ssh = new NodeSSH()
    const credentials = new Credentials(target)
    const timer = new PhaseTimer((phase, ms) => socket.destroy(new Error(`${phase} took longer than ${ms / 1000} s`)))
    let refusal: unknown
    let hostKey = ''
    const verify = (key: Buffer, answer: VerifyCallback): void => {
      timer.pause()
      trust.check(target, key).then(
        () => {
          hostKey = fingerprint(key)
          timer.resume()
          answer(true)
        },
        (error: unknown) => {
          refusal = error
          answer(false)
        },
      )
    }
    const abort = () => socket.destroy(new Error('stopped'))
    signal.addEventListener('abort', abort, { once: true })
    timer.start('the key exchange', timeouts.handshakeMs)
    let problem: Error | undefined
    let authenticating = false
    try {
      const connecting = ssh.connect({
        host: target.address,
        username: target.user,
        sock: socket as never,
        hostVerifier: verify,
        algorithms: { serverHostKey: algorithms },
        authHandler: credentials.handler((asking) => (asking ? timer.pause() : timer.resume())) as never,
        keepaliveInterval: target.keepAliveMs ?? KEEP_ALIVE_MS,
        // Liveness judges the silence; ssh2 would not count data as a sign of life.
        keepaliveCountMax: Number.MAX_SAFE_INTEGER,
        readyTimeout: 0,
      })
      const client = ssh.connection as Client
      // Also for errors that are not the end: a key the agent cannot sign with, for instance.
      client.on('error', (error) => {
        problem ??= error
      })
      client.on('handshake', () => {
        authenticating = true
        timer.start('logging in', timeouts.authMs)
      })
      await Promise.race([connecting, new Promise((_, reject) => client.on('close', () => reject(problem ?? new Error('closed'))))])
      const keepAliveMs = target.keepAliveMs ?? KEEP_ALIVE_MS
      return new Connection({ ssh, client, socket, hostKey, timeouts, keepAliveMs })
    } catch (error) {
      socket.on('error', () => {}).destroy()
      signal.throwIfAborted()
      if (refusal !== undefined) throw refusal
      const cause = (error ?? problem) as Error & { level?: string }
      if (authenticating && cause.level === 'client-authentication') throw credentials.error()
      throw explainHandshake({ target, cause, socket, authenticating })
    } finally {
      timer.stop()
      signal.removeEventListener('abort', abort)
    }
  }

  get lostBecause(): string | undefined {
    return this.#reason
  }

  /** Opens a session channel that runs `command`. @throws ChannelError */
  exec(command: string): Promise<ClientChannel> {
    return this.#channel((done) => this.#client.exec(command, done))
  }

  /** A stream to a port as seen from this host. @throws UnreachableError about `target` */
  async forward(address: string, port: number, target: SshTarget): Promise<Duplex> {
    try {
      return await this.#channel((done) => this.#client.forwardOut('127.0.0.1', 0, address, port, done))
    } catch (error) {
      const { message } = error as Error
      throw new UnreachableError(
        {
          what: `the jump host cannot open a connection to ${target.name} at ${address}:${port}: ${message}`,
          where: target.name,
          why: 'the host is off, the address is not reachable from the jump host, or its sshd has AllowTcpForwarding no',
          fix: `log in to the jump host and try: nc -vz ${address} ${port}`,
        },
        { cause: error },
      )
    }
  }

  #channel(open: (done: (error: Error | undefined, channel: ClientChannel) => void) => void): Promise<ClientChannel> {
    return new Promise((resolve, reject) => {
      if (this.#reason !== undefined) return reject(new ChannelError('lost', this.#reason))
      let late = false
      const timer = setTimeout(() => {
        late = true
        reject(new ChannelError('deadline', `the host opened no channel within ${this.#timeouts.channelMs / 1000} s`))
      }, this.#timeouts.channelMs)
      try {
        open((error, channel) => {
          clearTimeout(timer)
          if (late) channel?.on('error', () => {}).close()
          else if (error === undefined) resolve(channel)
          else reject(new ChannelError(isRefusal(error) ? 'refused' : 'lost', this.#reason ?? error.message))
        })
      } catch (error) {
        clearTimeout(timer)
        reject(new ChannelError('lost', this.#reason ?? (error as Error).message))
      }
    })
  }

  /** Says goodbye; a peer that does not answer is dropped. Never throws. */
  async close(): Promise<void> {
    this.#reason ??= 'closed by us'
    this.#ssh.dispose()
    this.#client.end()
    const timer = setTimeout(() => this.#socket.destroy(), CLOSE_MS)
    await this.gone
    clearTimeout(timer)
    this.#socket.destroy()
  }

  /** For tests of a client that dies: drops the link without a goodbye. */
  drop(): void {
    this.#socket.destroy()
  }
}

const CLOSE_MS = 1000

/** ssh2 gives a numeric reason when the host answered, and none when the link went down. */
function isRefusal(error: Error & { reason?: unknown }): boolean {
  return typeof error.reason === 'number' || /^Unable to exec/.test(error.message)
}
