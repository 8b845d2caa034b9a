import { setTimeout as sleep } from 'node:timers/promises'
import type { ClientChannel } from 'ssh2'
import type { Counters } from '../core/host.ts'
import { ChannelError, type Connection } from './connection.ts'

/** A refused channel is asked for again so often. */
const REFUSED_RETRIES = 3
/** sshd frees a slot a little after we saw the channel close. */
const FREED_PAUSE_MS = 50
/** How long to wait for one of our own channels to close before asking again. */
const FREED_WAIT_MS = 1000

/**
 * The session channels to one host: opens them, counts them, and waits its turn when the host has no more
 * (MaxSessions). A host that allows a single one, which the lock has, gets a second connection.
 */
export class Channels {
  readonly connection: Connection
  readonly #counters: Counters
  readonly #another: () => Promise<Connection>
  readonly #open = new Set<ClientChannel>()
  #second: Connection | undefined
  #freed: (() => void)[] = []

  constructor(connection: Connection, counters: Counters, another: () => Promise<Connection>) {
    this.connection = connection
    this.#counters = counters
    this.#another = another
  }

  /** `listen` gets the channel before any of its events. @throws ChannelError */
  async open(command: string, listen: (channel: ClientChannel) => void): Promise<ClientChannel> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#using.exec(command, (channel) => {
          this.#track(channel)
          listen(channel)
        })
      } catch (error) {
        const refused = error instanceof ChannelError && error.kind === 'refused'
        if (!refused || attempt > REFUSED_RETRIES) throw error
        await this.#oneFreed()
        await sleep(FREED_PAUSE_MS * attempt)
        if (attempt === REFUSED_RETRIES && this.#open.size > 0) this.#second = await this.#another()
      }
    }
  }

  /** Settles when all channels are closed, or after the limit. */
  async drained(limitMs: number): Promise<void> {
    const limit = AbortSignal.timeout(limitMs)
    while (this.#open.size > 0 && !limit.aborted && this.connection.lostBecause === undefined) {
      await this.#oneFreed(limitMs)
    }
  }

  /** Never throws. */
  async close(): Promise<void> {
    await Promise.all([this.connection.close(), this.#second?.close()])
  }

  /** Why a channel ended without a result, when the link is to blame. */
  get lostBecause(): string | undefined {
    return this.connection.lostBecause ?? this.#second?.lostBecause
  }

  get #using(): Connection {
    return this.#second?.lostBecause === undefined ? (this.#second ?? this.connection) : this.connection
  }

  #track(channel: ClientChannel): void {
    this.#counters.channels++
    this.#open.add(channel)
    channel.once('close', () => {
      this.#open.delete(channel)
      for (const wake of this.#freed.splice(0)) wake()
    })
  }

  async #oneFreed(limitMs = FREED_WAIT_MS): Promise<void> {
    if (this.#open.size === 0) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, limitMs)
      this.#freed.push(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }
}
