import { createHash } from 'node:crypto'
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { InputError } from '../core/errors.ts'

/** A file on this machine that comes as base64, in whatever pieces. Readable for its owner alone; there once it is whole. */
export class SnapshotFile {
  readonly path: string
  #fd: number | undefined
  #rest = ''
  #size = 0
  readonly #digest = createHash('sha256')

  /** @throws InputError when it cannot be written */
  constructor(path: string) {
    this.path = path
    try {
      this.#fd = openSync(`${path}.part`, 'w', 0o600)
    } catch (cause) {
      const code = (cause as NodeJS.ErrnoException).code ?? String(cause)
      throw new InputError(
        { what: `${path} cannot be written (${code})`, where: path, fix: 'choose another place with --out FILE' },
        { cause },
      )
    }
  }

  get size(): number {
    return this.#size
  }

  take(text: string): void {
    const all = this.#rest + text.replaceAll(/\s/g, '')
    const whole = all.length - (all.length % 4)
    this.#rest = all.slice(whole)
    const bytes = Buffer.from(all.slice(0, whole), 'base64')
    if (this.#fd === undefined || bytes.length === 0) return
    writeSync(this.#fd, bytes)
    this.#digest.update(bytes)
    this.#size += bytes.length
  }

  /** @returns sha256 of what came */
  sha256(): string {
    return this.#digest.copy().digest('hex')
  }

  keep(): void {
    if (this.#fd === undefined) return
    fsyncSync(this.#fd)
    this.#close()
    renameSync(`${this.path}.part`, this.path)
  }

  drop(): void {
    if (this.#fd === undefined) return
    this.#close()
    rmSync(`${this.path}.part`, { force: true })
  }

  #close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
  }
}
