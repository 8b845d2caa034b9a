import { setTimeout as sleep } from 'node:timers/promises'
import type { Connect } from '../core/host.ts'
import { HandshakeResetError } from './connect-error.ts'
import { Connection } from './connection.ts'
import { Gate } from './gate.ts'
import { HOST_KEY_ALGORITHMS } from './host-key.ts'
import { Link } from './link.ts'
import { LOCK_OPTIONS, type LockOptions } from './lock.ts'
import { SshSession } from './session.ts'
import { CONNECT_TIMEOUTS, type ConnectTimeouts, type SshTarget } from './target.ts'
import { type AskHostKey, PinMismatchError, Trust } from './trust.ts'

export interface ConnectorOptions {
  /** Asked about host keys nobody knows, when the target's policy is `ask`. */
  readonly askHostKey?: AskHostKey
  readonly timeouts?: Partial<ConnectTimeouts>
  readonly lock?: Partial<LockOptions>
}

/** Handshakes at once, over all hosts. */
const HANDSHAKES = 20
/** sshd starts to drop connections at 10 that are not logged in (MaxStartups 10:30:100). */
const HANDSHAKES_PER_DOOR = 8
const RESET_RETRIES = 4
const RESET_PAUSE_MS = 500

/** A jump host's connection, shared by all sessions behind it. */
interface Hop {
  readonly connection: Promise<Connection>
  users: number
}

class Connector {
  readonly #options: ConnectorOptions
  readonly #trust: Trust
  readonly #timeouts: ConnectTimeouts
  readonly #all = new Gate(HANDSHAKES)
  readonly #doors = new Map<string, Gate>()
  readonly #hops = new Map<string, Hop>()

  constructor(options: ConnectorOptions) {
    this.#options = options
    this.#trust = new Trust(options.askHostKey)
    this.#timeouts = { ...CONNECT_TIMEOUTS, ...options.timeouts }
  }

  async session(host: string, target: SshTarget, signal: AbortSignal): Promise<SshSession> {
    // A session may come to several connections; all their hops are kept until it ends.
    const held: (() => void)[] = []
    const leave = (): void => {
      for (const free of held.splice(0)) free()
    }
    const dial = async (by: AbortSignal): Promise<Connection> => {
      const way = await this.#way(target.jumps ?? [], by)
      held.push(way.leave)
      return this.#handshake(target, by, way.last)
    }
    try {
      const link = new Link(target, dial, await dial(signal))
      const lock = { ...LOCK_OPTIONS, ...this.#options.lock }
      return new SshSession(host, link, { lock, closed: leave })
    } catch (error) {
      leave()
      throw error
    }
  }

  /** The connection to the last jump host, through all those before it. */
  async #way(
    jumps: readonly SshTarget[],
    signal: AbortSignal,
  ): Promise<{ last: Connection | undefined; leave: () => void }> {
    let last: Connection | undefined
    let key = ''
    const taken: (() => void)[] = []
    const leave = (): void => {
      for (const free of taken.splice(0).reverse()) free()
    }
    try {
      for (const jump of jumps) {
        key += `>${jump.user}@${jump.address}:${jump.port}`
        const before = last
        const name = key
        // Others may share it: it does not end with the one who asked first.
        const hop = this.#hop(name, () => this.#handshake(jump, new AbortController().signal, before))
        taken.push(() => this.#leaveHop(name, hop))
        last = await unlessAborted(hop.connection, signal)
      }
      return { last, leave }
    } catch (error) {
      leave()
      throw error
    }
  }

  #hop(key: string, open: () => Promise<Connection>): Hop {
    const known = this.#hops.get(key)
    if (known !== undefined) {
      known.users++
      return known
    }
    const hop: Hop = { connection: open(), users: 1 }
    this.#hops.set(key, hop)
    const forget = (): void => {
      if (this.#hops.get(key) === hop) this.#hops.delete(key)
    }
    hop.connection.then((connection) => connection.gone.then(forget), forget)
    return hop
  }

  #leaveHop(key: string, hop: Hop): void {
    hop.users--
    if (hop.users > 0) return
    if (this.#hops.get(key) === hop) this.#hops.delete(key)
    hop.connection.then(
      (connection) => connection.close(),
      () => undefined,
    )
  }

  /**
   * Connects, and again when the link broke before anything was sent, or when the host may have another key that is the
   * pinned one. Never again after a failed login.
   */
  async #handshake(target: SshTarget, signal: AbortSignal, via: Connection | undefined): Promise<Connection> {
    const timeouts = timeoutsOf(target, this.#timeouts)
    const first = target.jumps?.[0] ?? target
    const door = this.#door(`${first.address}:${first.port}`)
    const avoidKeyTypes: string[] = []
    let mismatch: PinMismatchError | undefined
    for (let attempt = 1; ; attempt++) {
      const options = { trust: this.#trust, timeouts, signal, avoidKeyTypes, ...(via === undefined ? {} : { via }) }
      try {
        return await door.through(signal, () => this.#all.through(signal, () => Connection.open(target, options)))
      } catch (error) {
        if (error instanceof PinMismatchError && attempt <= HOST_KEY_ALGORITHMS.length) {
          mismatch ??= error
          avoidKeyTypes.push(error.keyType)
          continue
        }
        if (mismatch !== undefined) throw mismatch
        if (!(error instanceof HandshakeResetError) || attempt > RESET_RETRIES) throw error
        await sleep(RESET_PAUSE_MS * 2 ** (attempt - 1) * (0.5 + Math.random()), undefined, { signal })
      }
    }
  }

  #door(key: string): Gate {
    const gate = this.#doors.get(key) ?? new Gate(HANDSHAKES_PER_DOOR)
    this.#doors.set(key, gate)
    return gate
  }
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason)
    if (signal.aborted) return stop()
    signal.addEventListener('abort', stop, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}

function timeoutsOf(target: SshTarget, timeouts: ConnectTimeouts): ConnectTimeouts {
  const ms = target.connectTimeoutMs
  return ms === undefined ? timeouts : { ...timeouts, tcpMs: ms, handshakeMs: ms, authMs: ms }
}

/** Makes the `Connect` of the engine, for targets somebody else resolves. */
export function connector(targets: (host: string) => SshTarget, options: ConnectorOptions = {}): Connect {
  const all = new Connector(options)
  return async (host, signal) => all.session(host, targets(host), signal)
}
