import type { RunOptions, Section } from '../core/host.ts'
import { CappedText } from './capped-text.ts'
import type { FrameSink } from './frame.ts'

export const CAP_BYTES = 1024 * 1024

/** Collects the records of one script: text by marker, and the trailer. */
export class Sections implements FrameSink {
  readonly #done: Section[] = []
  readonly #options: Pick<RunOptions, 'capBytes' | 'onMark' | 'onText'>
  #mark: readonly string[] = []
  #text: CappedText
  #decoder = newDecoder()
  #code: number | undefined

  constructor(options: Pick<RunOptions, 'capBytes' | 'onMark' | 'onText'>) {
    this.#options = options
    this.#text = new CappedText(options.capBytes ?? CAP_BYTES)
  }

  onMark(words: readonly string[]): void {
    this.#close()
    this.#mark = words
    if (words[0] === 'END') {
      this.#code = Number.parseInt(words[1] ?? '', 10)
      return
    }
    // Only the last marker can be the trailer.
    this.#code = undefined
    this.#options.onMark?.(words)
  }

  onBytes(bytes: Uint8Array): void {
    this.#text.push(bytes)
    this.#tell(this.#decoder.decode(bytes, { stream: true }))
  }

  /** The script's exit code, once its trailer was seen. */
  get code(): number | undefined {
    return this.#code === undefined || Number.isNaN(this.#code) ? undefined : this.#code
  }

  finish(): readonly Section[] {
    this.#close()
    return this.#done
  }

  #close(): void {
    this.#tell(this.#decoder.decode())
    const { text, droppedBytes } = this.#text.finish()
    const named = this.#mark.length > 0 && this.#mark[0] !== 'END'
    if (named || text !== '') this.#done.push({ mark: this.#mark, text, droppedBytes })
    this.#mark = []
    this.#text = new CappedText(this.#options.capBytes ?? CAP_BYTES)
    this.#decoder = newDecoder()
  }

  #tell(text: string): void {
    if (text !== '') this.#options.onText?.(this.#mark, text)
  }
}

function newDecoder(): InstanceType<typeof TextDecoder> {
  return new TextDecoder('utf-8', { ignoreBOM: true })
}
