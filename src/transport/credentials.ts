import { readFile } from 'node:fs/promises'
import ssh2, { type AnyAuthMethod, type AuthenticationType, type NextAuthHandler, type ParsedKey } from 'ssh2'
import { UnreachableError } from '../core/errors.ts'
import { identities } from './agent.ts'
import { fingerprint } from './host-key.ts'
import { describe, type SshTarget } from './target.ts'

/** What ssh2 calls for each next attempt. `allowed` is null before the first. */
type AuthHandler = (allowed: AuthenticationType[] | null, partial: boolean | null, next: NextAuthHandler) => void

/**
 * Offers exactly what the target is configured with, keys first: no `none` attempt (it costs a round trip), no key the
 * user did not name, the password once. Remembers what was tried, for the message.
 */
export class Credentials {
  readonly #target: SshTarget
  readonly #tried: string[] = []
  #allowed: readonly string[] | null = null
  #failure: UnreachableError | undefined
  #attempts: AsyncGenerator<AnyAuthMethod> | undefined

  constructor(target: SshTarget) {
    this.#target = target
  }

  /** `waiting` brackets the time a person may be thinking. */
  handler(waiting: (asking: boolean) => void): AuthHandler {
    return (allowed, _partial, next) => {
      this.#allowed = allowed
      this.#attempts ??= this.#sequence()
      waiting(true)
      this.#attempts
        .next()
        .then(
          (attempt) => (attempt.done ? false : attempt.value),
          (error: unknown) => {
            this.#failure = error instanceof UnreachableError ? error : this.#broken(error)
            return false as const
          },
        )
        .then((method) => {
          waiting(false)
          // The types of ssh2 do not know `false`, which means: no more.
          next(method as AnyAuthMethod)
        })
    }
  }

  /** Why we were not let in. */
  error(): UnreachableError {
    if (this.#failure !== undefined) return this.#failure
    const { user } = this.#target
    const tried = this.#tried.length === 0 ? 'nothing could be offered' : `offered: ${this.#tried.join('; ')}`
    const accepts = this.#allowed === null ? '' : `; the host accepts: ${this.#allowed.join(', ')}`
    return new UnreachableError({
      what: `${describe(this.#target)} does not let ${user} in`,
      where: this.#target.name,
      why: tried + accepts,
      fix: `put a public key of yours into ~${user}/.ssh/authorized_keys on the host, or name the right key or password in the inventory`,
    })
  }

  async *#sequence(): AsyncGenerator<AnyAuthMethod> {
    const { user: username, agent, identityFiles, identitiesOnly } = this.#target
    if (agent !== undefined) {
      const offer = await identities(agent, identitiesOnly === true ? identityFiles : undefined)
      this.#tried.push(`agent at ${agent} (${offer.note})`)
      if (offer.agent !== undefined) yield { type: 'agent', username, agent: offer.agent }
    }
    for (const file of identityFiles) {
      const key = await this.#keyFrom(file)
      if (key !== undefined) yield { type: 'publickey', username, key }
    }
    yield* this.#passwords(username)
  }

  async *#passwords(username: string): AsyncGenerator<AnyAuthMethod> {
    const ask = this.#target.password
    if (ask === undefined) return
    const accepts = (method: string) => this.#allowed === null || this.#allowed.includes(method)
    if (!accepts('password') && !accepts('keyboard-interactive')) {
      this.#tried.push('password (not accepted by the host)')
      return
    }
    const password = await ask()
    if (accepts('password')) {
      this.#tried.push('password')
      yield { type: 'password', username, password }
      // A wrong password is not tried twice: hosts lock accounts.
      return
    }
    this.#tried.push('password (keyboard-interactive)')
    let answered = false
    yield {
      type: 'keyboard-interactive',
      username,
      prompt: (...asked) => {
        const [, , , prompts, finish] = asked
        const once = !answered && prompts.length === 1 && prompts[0]?.echo !== true
        answered = true
        finish(prompts.map(() => (once ? password : '')))
      },
    }
  }

  async #keyFrom(file: string): Promise<ParsedKey | undefined> {
    let text: Buffer
    try {
      text = await readFile(file)
    } catch (error) {
      this.#tried.push(
        `${file} (${(error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file' : (error as Error).message})`,
      )
      return undefined
    }
    const plain = parse(text)
    if (!(plain instanceof Error)) return this.#offered(file, plain)
    if (!/encrypted/i.test(plain.message)) {
      this.#tried.push(`${file} (not a private key: ${plain.message})`)
      return undefined
    }
    if (this.#target.passphrase === undefined) {
      this.#tried.push(`${file} (encrypted, and no passphrase is configured)`)
      return undefined
    }
    const opened = parse(text, await this.#target.passphrase(file))
    if (!(opened instanceof Error)) return this.#offered(file, opened)
    this.#tried.push(`${file} (the passphrase does not open it)`)
    return undefined
  }

  #offered(file: string, key: ParsedKey): ParsedKey {
    this.#tried.push(`${file} (${fingerprint(key.getPublicSSH())})`)
    return key
  }

  #broken(cause: unknown): UnreachableError {
    const what = `cannot log in to ${describe(this.#target)}: ${cause instanceof Error ? cause.message : String(cause)}`
    return new UnreachableError({ what, where: this.#target.name }, { cause })
  }
}

function parse(text: Buffer, passphrase?: string): ParsedKey | Error {
  const key = ssh2.utils.parseKey(text, passphrase)
  const first = Array.isArray(key) ? (key as ParsedKey[])[0] : key
  if (first === undefined) return new Error('no key in it')
  return first instanceof Error || first.isPrivateKey() ? first : new Error('it is a public key')
}
