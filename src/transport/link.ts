import type { Counters } from '../core/host.ts'
import { Becoming } from './become.ts'
import { Channels } from './channels.ts'
import type { Connection } from './connection.ts'
import { Talk, type TalkContext, type TalkRequest } from './talk.ts'
import type { SshTarget } from './target.ts'

/** Opens a connection to the session's host: the first one, or another one after a cut, with the same verification. */
export type Dial = (signal: AbortSignal) => Promise<Connection>

/** The connection of a session, which may be a new one after a cut, and what outlives it. */
export class Link {
  readonly target: SshTarget
  readonly counters: Counters = { channels: 0, roundTrips: 0, bytesSent: 0, bytesReceived: 0, reconnects: 0 }
  readonly becoming: Becoming
  readonly #dial: Dial
  #context: TalkContext

  constructor(target: SshTarget, dial: Dial, connection: Connection) {
    this.target = target
    this.becoming = new Becoming(target)
    this.#dial = dial
    this.#context = this.#contextFor(connection, undefined, false)
  }

  get connection(): Connection {
    return this.#context.channels.connection
  }

  /** Changes with each boot of the host; known after the first script. */
  get bootId(): string | undefined {
    return this.#context.bootId
  }

  /** The next hello says which boot it is. */
  forgetBoot(): void {
    this.#context.bootId = undefined
  }

  get isLost(): boolean {
    return this.connection.lostBecause !== undefined
  }

  talk(request: TalkRequest): Talk {
    return new Talk(this.#context, request)
  }

  /** @throws UnreachableError */
  async reconnect(signal: AbortSignal): Promise<void> {
    const before = this.#context.channels
    const connection = await this.#dial(signal)
    await before.close()
    this.counters.reconnects++
    this.#context = this.#contextFor(connection, this.#context.bootId, this.#context.prerequisitesMet)
  }

  /** Lets channels finish that have nothing more to say, then disconnects. Never throws. */
  async close(): Promise<void> {
    await this.#context.channels.drained(1000)
    await this.#context.channels.close()
  }

  #contextFor(connection: Connection, bootId: string | undefined, prerequisitesMet: boolean): TalkContext {
    const channels = new Channels(connection, this.counters, () => this.#dial(new AbortController().signal))
    return { channels, becoming: this.becoming, counters: this.counters, bootId, prerequisitesMet }
  }
}
