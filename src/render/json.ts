import type { Event } from '../core/events.ts'
import type { Renderer, Sink } from './renderer.ts'

/** Grows by a minor number when something is added, by a major one when something changes its meaning. */
export const EVENT_SCHEMA = '1.1'

/**
 * JSON lines: one event each, the first says which schema. Text is what the host sent; everything a terminal could act
 * upon is written as `\uXXXX`, so the lines are inert and still exact.
 */
export class JsonRenderer implements Renderer {
  readonly #sink: Sink
  #begun = false

  constructor(sink: Sink) {
    this.#sink = sink
  }

  on(event: Event): void {
    if (!this.#begun) this.#write({ type: 'hello', schema: EVENT_SCHEMA, program: 'provision' })
    this.#begun = true
    this.#write(event)
  }

  /** What is said to people has no place among the events. */
  say(): void {}

  pause(): void {}

  resume(): void {}

  close(): void {}

  #write(value: unknown): void {
    this.#sink.write(`${jsonText(value)}\n`)
  }
}

/** JSON on one line (or indented) that holds no active character. */
export function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent).replace(/[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    [...Array(character.length).keys()]
      .map((i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`)
      .join(''),
  )
}
