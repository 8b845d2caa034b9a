import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { Duplex, type Readable, type Writable } from 'node:stream'

/** The end of a command's stderr that a message may show. */
const NOTE_BYTES = 2048

/** stdin and stdout of a command on this machine, as one stream: the user's ProxyCommand. */
export class ProxyCommand extends Duplex {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>
  #note = ''
  #exit = ''

  constructor(command: string | readonly string[]) {
    super({ allowHalfOpen: false })
    const [program = '', ...args] = typeof command === 'string' ? ['/bin/sh', '-c', `exec ${command}`] : command
    // In a process group of its own: Ctrl-C on the terminal is for us, and must not cut a connection that is in use.
    this.#child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true })
    this.#child.on('error', (error) => this.destroy(error))
    this.#child.on('close', (code, signal) => {
      this.#exit = signal === null ? `exit code ${code}` : `ended by ${signal}`
      this.push(null)
    })
    // A command that is gone: its exit code and last words, which come with `close`, say more than EPIPE.
    this.#child.stdin.on('error', () => {})
    this.#child.stdout.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) this.#child.stdout.pause()
    })
    this.#child.stderr.on('data', (chunk: Buffer) => {
      this.#note = (this.#note + chunk.toString('utf8')).slice(-NOTE_BYTES)
    })
  }

  /** How the command ended and the last thing it said, for messages. */
  get note(): string {
    return [this.#exit, this.#note.trim()].filter((part) => part !== '').join(': ')
  }

  override _read(): void {
    this.#child.stdout.resume()
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#child.stdin.write(chunk, (error) => done(isBrokenPipe(error) ? null : error))
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#child.stdin.end(() => done())
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#child.kill()
    done(error)
  }
}

function isBrokenPipe(error: Error | null | undefined): boolean {
  return (error as NodeJS.ErrnoException | null | undefined)?.code === 'EPIPE'
}
