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

/** The session channels of one connection: opens them, counts them, and waits its turn when the host has no more (MaxSessions). */
export class Channels {
  readonly connection: Connection
  readonly #counters: Counters
  readonly #open = new Set<ClientChannel>()
  #freed: (() => void)[] = []

  constructor(connection: Connection, counters: Counters) {
    this.connection = connection
    this.#counters = counters
  }

  /** @throws ChannelError */
  async open(command: string): Promise<ClientChannel> {
    for (let attempt = 1; ; attempt++) {
      try {
        return this.#track(await this.connection.exec(command))
      } catch (error) {
        const refused = error instanceof ChannelError && error.kind === 'refused'
        if (!refused || attempt > REFUSED_RETRIES) throw error
        await this.#oneFreed()
        await sleep(FREED_PAUSE_MS * attempt)
      }
    }
  }

  /** Settles when all channels are closed, or after the limit. */
  async drained(limitMs: number): Promise<void> {
    const limit = AbortSignal.timeout(limitMs)
    while (this.#open.size > 0 && !limit.aborted && this.connection.lostBecause === undefined) await this.#oneFreed(limitMs)
  }

  #track(channel: ClientChannel): ClientChannel {
    this.#counters.channels++
    this.#open.add(channel)
    channel.once('close', () => {
      this.#open.delete(channel)
      for (const wake of this.#freed.splice(0)) wake()
    })
    return channel
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
