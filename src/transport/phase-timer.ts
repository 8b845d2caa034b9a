/** One deadline after another, stopped while a person thinks. */
export class PhaseTimer {
  readonly #expired: (phase: string, limitMs: number) => void
  #timer: NodeJS.Timeout | undefined
  #phase = ''
  #limitMs = 0
  #leftMs = 0
  #startedMs = 0

  constructor(expired: (phase: string, limitMs: number) => void) {
    this.#expired = expired
  }

  start(phase: string, limitMs: number): void {
    this.stop()
    this.#phase = phase
    this.#limitMs = limitMs
    this.#leftMs = limitMs
    this.resume()
  }

  pause(): void {
    if (this.#timer === undefined) return
    this.#leftMs -= performance.now() - this.#startedMs
    this.stop()
  }

  resume(): void {
    if (this.#timer !== undefined) return
    this.#startedMs = performance.now()
    this.#timer = setTimeout(() => this.#expired(this.#phase, this.#limitMs), Math.max(0, this.#leftMs))
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }
}
