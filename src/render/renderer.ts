import type { Event } from '../core/events.ts'

/** Where text goes: a stream, or a string in a test. */
export interface Sink {
  write(text: string): void
}

/** Listens to a run. What it shows is its own business; it changes nothing. */
export interface Renderer {
  on(event: Event): void
  /** Prints lines that stay, above anything that is redrawn. */
  say(lines: readonly string[]): void
  /** Leaves the terminal to somebody else, e.g. a question, until `resume`. */
  pause(): void
  resume(): void
  close(): void
}
