import type { Duplex } from 'node:stream'

/**
 * Drops a link that shows no sign of life. A byte received counts, and so does a send queue that got shorter: on a slow
 * line the answer to our keepalive waits behind our own upload.
 */
export class Liveness {
  readonly #timer: NodeJS.Timeout
  #silent = 0
  #queuedBytes = 0
  #reason: string | undefined

  /** `count` unanswered questions are a lost link; the first interval only asks. */
  constructor(socket: Duplex, intervalMs: number, count: number) {
    socket.on('data', () => {
      this.#silent = 0
    })
    this.#timer = setInterval(() => {
      const queuedBytes = socket.writableLength
      this.#silent = queuedBytes < this.#queuedBytes ? 0 : this.#silent + 1
      this.#queuedBytes = queuedBytes
      if (this.#silent <= count) return
      this.#reason = `no sign of life for ${(intervalMs * (count + 1)) / 1000} s`
      this.stop()
      socket.destroy(new Error(this.#reason))
    }, intervalMs)
    this.#timer.unref()
  }

  get reason(): string | undefined {
    return this.#reason
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
