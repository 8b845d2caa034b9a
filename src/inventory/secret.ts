import { z } from 'zod'
import { line } from './scalars.ts'

const forms = 'a reference: {env: NAME}, {file: PATH} or {command: [PROGRAM, ARGUMENT, …]}'

/** Where a secret is kept. The secret itself never stands in an inventory. */
export const secretReference = z
  .union(
    [
      z.strictObject({
        env: z
          .string({ error: forms })
          .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: 'the name of an environment variable, without $' }),
      }),
      z.strictObject({ file: line('the path of a file') }),
      z.strictObject({ command: z.array(line('one argument')).min(1, { error: 'a program and its arguments' }) }),
    ],
    { error: forms },
  )
  .describe(
    'A secret by reference: {env: NAME}, {file: PATH} or {command: [PROGRAM, ARGUMENT]}. Read when it is first needed, never shown.',
  )

export type SecretReference =
  | { readonly env: string }
  | { readonly file: string }
  | { readonly command: readonly string[] }

/** Fetches the text of a secret. @throws InputError that says where it looked, and never what it found. */
export type OpenSecret = (reference: SecretReference, where: string) => Promise<string>

/**
 * A secret that has a name everywhere and a value in one place. Whatever turns it into text (template strings, JSON,
 * console.log) gets the name; the value comes out of `reveal` alone.
 */
export class Secret {
  readonly reference: SecretReference
  /** `file:line:column` of the reference. */
  readonly where: string
  readonly #open: OpenSecret

  constructor(reference: SecretReference, where: string, open: OpenSecret) {
    this.reference = Object.freeze(reference)
    this.where = where
    this.#open = open
    Object.freeze(this)
  }

  /** `env SSH_PASSWORD`, `file ~/.password`, `command pass`. Arguments of a command stay out of it. */
  get name(): string {
    return secretName(this.reference)
  }

  /** The secret. @throws InputError when it is not where the reference says. */
  reveal(): Promise<string> {
    return this.#open(this.reference, this.where)
  }

  toString(): string {
    return `‹secret ${this.name}›`
  }

  toJSON(): string {
    return this.toString()
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString()
  }
}

export function secretName(reference: SecretReference): string {
  if ('env' in reference) return `env ${reference.env}`
  if ('file' in reference) return `file ${reference.file}`
  return `command ${reference.command[0]}`
}
