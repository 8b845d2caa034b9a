import { randomBytes } from 'node:crypto'

/**
 * The protocol on a script's stdout. A record starts with `\n<nonce> WORD…\n` and goes on to the next one; `END <code>`
 * is the trailer, and without it there is no result. What comes before the first marker is login noise.
 */
export interface FrameSink {
  onMark(words: readonly string[]): void
  /** Bytes of the record that is open. They are borrowed: copy what must be kept. */
  onBytes(bytes: Uint8Array): void
}

export const newNonce = (): string => randomBytes(16).toString('hex')

/** A marker line longer than this is not one of ours. */
const MARK_LIMIT_BYTES = 64 * 1024

/** Finds markers in bytes that arrive in any pieces. Exactly one newline before a marker belongs to the marker. */
export class FrameParser {
  readonly #needle: Buffer
  readonly #sink: FrameSink
  #carry: Buffer = Buffer.alloc(0)
  #open: boolean

  /** `options.noise`: what comes before the first marker is not ours. */
  constructor(nonce: string, sink: FrameSink, options: { readonly noise: boolean } = { noise: true }) {
    this.#needle = Buffer.from(`\n${nonce} `)
    this.#sink = sink
    this.#open = !options.noise
  }

  push(chunk: Uint8Array): void {
    let rest =
      this.#carry.length === 0
        ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
        : Buffer.concat([this.#carry, chunk])
    for (;;) {
      const at = rest.indexOf(this.#needle)
      if (at < 0) break
      const lineEnd = rest.indexOf(0x0a, at + this.#needle.length)
      if (lineEnd < 0 && rest.length - at <= MARK_LIMIT_BYTES) {
        this.#emit(rest.subarray(0, at))
        this.#carry = Buffer.from(rest.subarray(at))
        return
      }
      if (lineEnd < 0) break
      this.#emit(rest.subarray(0, at))
      this.#open = true
      const line = rest.toString('utf8', at + this.#needle.length, lineEnd)
      this.#sink.onMark(line.split(' ').filter((word) => word !== ''))
      rest = rest.subarray(lineEnd + 1)
    }
    const kept = this.#partialMarkerBytes(rest)
    this.#emit(rest.subarray(0, rest.length - kept))
    this.#carry = Buffer.from(rest.subarray(rest.length - kept))
  }

  /** No more will come: what looked like the start of a marker was text. */
  flush(): void {
    this.#emit(this.#carry)
    this.#carry = Buffer.alloc(0)
  }

  #emit(bytes: Uint8Array): void {
    if (this.#open && bytes.length > 0) this.#sink.onBytes(bytes)
  }

  /** How many of the last bytes may be the start of a marker. Everything else is passed on at once. */
  #partialMarkerBytes(bytes: Buffer): number {
    const longest = Math.min(bytes.length, this.#needle.length - 1)
    for (let length = longest; length > 0; length--) {
      const tail = bytes.subarray(bytes.length - length)
      if (tail[0] === 0x0a && tail.equals(this.#needle.subarray(0, length))) return length
    }
    return 0
  }
}
