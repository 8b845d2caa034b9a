import type { Duplex } from 'node:stream'
import type { NodeSSH } from 'node-ssh'
import type { Client, ClientChannel } from 'ssh2'
import { UnreachableError } from '../core/errors.ts'
import { Handshake, type Opened } from './handshake.ts'
import { Liveness } from './liveness.ts'
import { openSocket } from './socket.ts'
import { type ConnectTimeouts, KEEP_ALIVE_COUNT, KEEP_ALIVE_MS, type SshTarget } from './target.ts'
import type { Trust } from './trust.ts'

export interface ConnectionOptions {
  readonly trust: Trust
  readonly timeouts: ConnectTimeouts
  readonly signal: AbortSignal
  /** The previous hop, when there is one. */
  readonly via?: Connection
  /** Host key types not to accept: the host showed another key than the pinned one, and may have several. */
  readonly avoidKeyTypes?: readonly string[]
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

  private constructor(opened: Opened, socket: Duplex, timeouts: ConnectTimeouts, target: SshTarget) {
    this.#ssh = opened.ssh
    this.#client = opened.client
    this.#socket = socket
    this.#timeouts = timeouts
    this.hostKey = opened.hostKey
    const liveness = new Liveness(
      socket,
      target.keepAliveMs ?? KEEP_ALIVE_MS,
      target.keepAliveCount ?? KEEP_ALIVE_COUNT,
    )
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
    const { timeouts, signal, trust, via, avoidKeyTypes = [] } = options
    const algorithms = await trust.algorithms(target, avoidKeyTypes)
    const socket = await openSocket(target, {
      timeoutMs: timeouts.tcpMs,
      signal,
      ...(via === undefined ? {} : { forward: (address: string, port: number) => via.forward(address, port, target) }),
    })
    const opened = await new Handshake(target, socket, { trust, algorithms, timeouts, signal }).complete()
    return new Connection(opened, socket, timeouts, target)
  }

  get lostBecause(): string | undefined {
    return this.#reason
  }

  /**
   * Opens a session channel that runs `command`. `listen` gets it at once: the end of a short command may be in the
   * same packet as the reply, and its events are gone before a promise settles. @throws ChannelError
   */
  exec(command: string, listen: (channel: ClientChannel) => void): Promise<ClientChannel> {
    return this.#channel((done) => {
      this.#client.exec(command, (error, channel) => {
        if (error === undefined) listen(channel)
        done(error, channel)
      })
    })
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
