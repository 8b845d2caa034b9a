/**
 * Bytes of one stream, at most `capBytes` of them: the first half and the last half when there were more. Decoded once,
 * at the end, so that no character is broken by a packet border.
 */
export class CappedText {
  readonly #halfBytes: number
  #head: Buffer[] = []
  #headBytes = 0
  #tail: Buffer[] = []
  #tailBytes = 0
  #totalBytes = 0

  constructor(capBytes: number) {
    this.#halfBytes = Math.max(1, Math.floor(capBytes / 2))
  }

  /** The bytes are copied: a short slice would otherwise keep its whole network buffer alive. */
  push(bytes: Uint8Array): void {
    this.#totalBytes += bytes.length
    const room = this.#halfBytes - this.#headBytes
    if (room > 0) {
      const part = bytes.subarray(0, room)
      this.#headBytes += part.length
      this.#head = appended(this.#head, part)
    }
    if (bytes.length <= room) return
    // Of one huge piece only the end can stay.
    const rest = bytes.subarray(Math.max(room, bytes.length - this.#halfBytes))
    this.#tail = appended(this.#tail, rest)
    this.#tailBytes += rest.length
    while (this.#tail[0] !== undefined && this.#tailBytes - this.#tail[0].length >= this.#halfBytes) {
      this.#tailBytes -= this.#tail[0].length
      this.#tail.shift()
    }
  }

  finish(): { text: string; droppedBytes: number } {
    const head = Buffer.concat(this.#head)
    const tail = Buffer.concat(this.#tail).subarray(-this.#halfBytes)
    if (head.length + tail.length === this.#totalBytes) {
      return { text: decode(Buffer.concat([head, tail])), droppedBytes: 0 }
    }
    const first = head.subarray(0, wholeCharactersEnd(head))
    const last = tail.subarray(wholeCharactersStart(tail))
    const droppedBytes = this.#totalBytes - first.length - last.length
    return { text: `${decode(first)}\n[… ${droppedBytes} bytes left out …]\n${decode(last)}`, droppedBytes }
  }
}

/** Many tiny pieces become one now and then, so that their number stays bounded too. */
function appended(pieces: Buffer[], bytes: Uint8Array): Buffer[] {
  if (bytes.length === 0) return pieces
  pieces.push(Buffer.from(bytes))
  return pieces.length < 512 || bytes.length > 4096 ? pieces : [Buffer.concat(pieces)]
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
}

const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80

/** Index after the last character that is complete. */
function wholeCharactersEnd(bytes: Uint8Array): number {
  let start = bytes.length - 1
  while (start > bytes.length - 4 && isContinuation(bytes[start])) start--
  const lead = bytes[start]
  if (lead === undefined) return bytes.length
  const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1
  return start + length > bytes.length ? start : bytes.length
}

function wholeCharactersStart(bytes: Uint8Array): number {
  let start = 0
  while (start < 3 && isContinuation(bytes[start])) start++
  return start
}
