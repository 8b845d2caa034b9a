import { UnreachableError } from '../core/errors.ts'
import { type Becoming, promptsIn } from './become.ts'
import { type BecomePlan, bootstrapLine } from './script.ts'

export interface Hello {
  /** Process id of the root shell on the host. */
  readonly pid: string
  readonly bootId: string | undefined
}

/** The end of what the login shell or sudo said, for messages. */
const NOISE_BYTES = 4096

/** The start of a talk, until a root shell says hello: login noise, sudo, the password. */
export class Entry {
  readonly #becoming: Becoming
  readonly #plan: BecomePlan
  readonly #nonce: string
  #stdout = ''
  #stderr = ''
  #sudo: 'missing' | 'refused' | undefined
  #passwordSent = false
  #hello: Hello | undefined

  constructor(becoming: Becoming, nonce: string) {
    this.#becoming = becoming
    this.#plan = becoming.plan()
    this.#nonce = nonce
  }

  get firstLine(): string {
    return `${bootstrapLine(this.#plan, this.#nonce)}\n`
  }

  /** sudo reads the password behind the first line without being asked by us. */
  get startsWithPassword(): boolean {
    return this.#plan.kind === 'sudo with password'
  }

  /** The script must not be sent before the hello. */
  get waits(): boolean {
    return this.#becoming.waits(this.#plan)
  }

  get hello(): Hello | undefined {
    return this.#hello
  }

  /** @throws UnreachableError when the shell is not root's */
  onMark([word, ...rest]: readonly string[]): 'hello' | 'password' | undefined {
    if (word === 'HELLO') return this.#onHello(rest)
    if (word !== 'SUDO') return undefined
    this.#sudo = rest[0] === 'missing' ? 'missing' : 'refused'
    return this.#sudo === 'refused' && this.#plan.kind === 'probe' && this.#plan.password ? 'password' : undefined
  }

  #onHello([uid = '', pid = '', how = '', bootId]: readonly string[]): 'hello' {
    this.#becoming.settle(uid, how)
    this.#hello = { pid, bootId }
    return 'hello'
  }

  onStdout(chunk: Buffer): void {
    this.#stdout = (this.#stdout + chunk.toString('utf8')).slice(-NOISE_BYTES)
  }

  /**
   * @returns whether sudo asks a second time: the password is wrong, and stdin must end before it is a second attempt
   */
  onStderr(chunk: Buffer): boolean {
    this.#stderr = (this.#stderr + chunk.toString('utf8')).slice(-NOISE_BYTES)
    return this.#passwordSent && (promptsIn(this.#stderr, this.#nonce) > 1 || /try again/i.test(this.#stderr))
  }

  /** The line for sudo. @throws UnreachableError */
  async password(): Promise<string> {
    const password = await this.#becoming.password()
    if (/[\n\0]/.test(password)) {
      throw new UnreachableError({
        what: 'the sudo password contains a newline or NUL',
        fix: 'correct the secret it comes from',
      })
    }
    this.#passwordSent = true
    return `${password}\n`
  }

  /** Why there was no hello. */
  refusal(code: number | undefined): UnreachableError {
    return this.#becoming.refusal({
      nonce: this.#nonce,
      stderr: this.#stderr,
      noise: this.#stdout,
      code,
      sudo: this.#sudo,
      passwordSent: this.#passwordSent,
    })
  }
}
