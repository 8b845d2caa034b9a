import type { Report } from './events.ts'
import type { WaveItem } from './wave.ts'

/** Turns the marks of a running wave into events, as they arrive. */
export class WaveListener {
  readonly #host: string
  readonly #report: Report
  readonly #clock: () => number
  readonly #items: readonly WaveItem[]
  #startedMs = 0

  constructor(
    host: string,
    items: readonly WaveItem[],
    out: { readonly report: Report; readonly clock: () => number },
  ) {
    this.#host = host
    this.#items = items
    this.#report = out.report
    this.#clock = out.clock
  }

  onMark([word, first, second, third]: readonly string[]): void {
    const item = this.#items[Number(first)]
    if (!item || (word !== 'step' && word !== 'ended' && word !== 'moved' && word !== 'skipped')) return
    const title = item.steps[Number(second ?? 0)]?.title ?? item.resource.title
    const base = { type: 'step', host: this.#host, key: item.resource.key, title, section: item.section } as const
    if (word === 'step') {
      this.#startedMs = this.#clock()
      this.#report({ ...base, state: 'start' })
    } else {
      const ms = word === 'ended' ? this.#clock() - this.#startedMs : 0
      const state = word === 'skipped' ? 'skipped' : word === 'ended' && third === '0' ? 'ok' : 'failed'
      this.#report({ ...base, state, ms })
    }
  }

  onText([word, first]: readonly string[], text: string): void {
    const item = this.#items[Number(first)]
    if (item && word === 'step' && text !== '')
      this.#report({ type: 'output', host: this.#host, key: item.resource.key, text })
  }
}
