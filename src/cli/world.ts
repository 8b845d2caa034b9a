import type { Redactor } from '../render/redact.ts'

/** This process, as values: what main.ts hands in, and tests replace. */
export interface World {
  /** How the user called us, as one would type it again: `provision` or `src/provision`. */
  readonly program: string
  /** Arguments after the program's name. */
  readonly argv: readonly string[]
  /** As it was when we were started. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Takes a variable from the environment that programs we start will get. */
  readonly hideVariable: (name: string) => void
  readonly cwd: string
  /** Home folder of the operator. */
  readonly home: string
  /** Login name of the operator. */
  readonly user: string
  /** Name of this machine. */
  readonly machine: string
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
  /** What runs us: versions of Node.js and platform. */
  readonly runtime: Readonly<Record<'node' | 'platform', string>>
  /** Knows every secret as soon as it is opened: nothing is printed past it. */
  readonly redactor: Redactor
  /** Aborted by the first Ctrl-C. */
  readonly signal: AbortSignal
}
