import type { Duplex } from 'node:stream'

/** So many silent intervals are a lost link. */
const SILENT_INTERVALS = 3

/**
 * Drops a link that shows no sign of life. A byte received counts, and so does a send queue that got shorter: on a slow line
 * the answer to our keepalive waits behind our own upload.
 */
export class Liveness {
  readonly #timer: NodeJS.Timeout
  #silent = 0
  #queuedBytes = 0
  #reason: string | undefined

  constructor(socket: Duplex, intervalMs: number) {
    socket.on('data', () => {
      this.#silent = 0
    })
    this.#timer = setInterval(() => {
      const queuedBytes = socket.writableLength
      this.#silent = queuedBytes < this.#queuedBytes ? 0 : this.#silent + 1
      this.#queuedBytes = queuedBytes
      if (this.#silent < SILENT_INTERVALS) return
      this.#reason = `no sign of life for ${(intervalMs * SILENT_INTERVALS) / 1000} s`
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
