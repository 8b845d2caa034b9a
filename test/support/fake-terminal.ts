import { PassThrough } from 'node:stream'

/** Streams of a process, kept in memory; a terminal when it has columns. */
export class FakeStream extends PassThrough {
  readonly isTTY: boolean
  readonly columns: number
  readonly rows: number
  #text = ''

  constructor(size?: { readonly columns: number; readonly rows: number }) {
    super()
    this.isTTY = size !== undefined
    this.columns = size?.columns ?? 80
    this.rows = size?.rows ?? 24
    this.on('data', (chunk: Buffer) => {
      this.#text += chunk.toString()
    })
  }

  /** Everything written so far. */
  get text(): string {
    return this.#text
  }

  asWrite(): NodeJS.WriteStream {
    return this as unknown as NodeJS.WriteStream
  }

  asRead(): NodeJS.ReadStream {
    return this as unknown as NodeJS.ReadStream
  }
}
