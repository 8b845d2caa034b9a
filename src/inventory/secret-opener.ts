import { execFile } from 'node:child_process'
import { open } from 'node:fs/promises'
import { InputError } from '../core/errors.ts'
import { type OpenSecret, type SecretReference, secretName } from './secret.ts'

export interface SecretPlaces {
  /** Environment of this process. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Folder commands run in. */
  readonly folder: string
  /** Called with every secret that was opened, for the redactor. */
  readonly onOpen?: (value: string) => void
  readonly deadlineMs?: number
}

const limitBytes = 64 * 1024

/** Opens secrets, each at most once in a run; only success is remembered. */
export function secretOpener(places: SecretPlaces): OpenSecret {
  const opened = new Map<string, Promise<string>>()
  return (reference, where) => {
    const key = JSON.stringify(reference)
    const known = opened.get(key)
    if (known) return known
    const opening = openSecret(reference, where, places).then((value) => {
      places.onOpen?.(value)
      return value
    })
    opened.set(key, opening)
    opening.catch(() => opened.delete(key))
    return opening
  }
}

async function openSecret(reference: SecretReference, where: string, places: SecretPlaces): Promise<string> {
  const found = await fetchSecret(reference, where, places)
  const value = found.replace(/\r?\n$/, '')
  if (value === '') throw trouble(reference, where, 'is empty', 'put the secret there, or point to another place')
  if (value.includes('\0')) throw trouble(reference, where, 'has a NUL character in it', 'a secret is one text')
  return value
}

async function fetchSecret(reference: SecretReference, where: string, places: SecretPlaces): Promise<string> {
  if ('env' in reference) {
    const value = places.env[reference.env]
    if (value === undefined)
      throw trouble(
        reference,
        where,
        'is not set',
        `set it first:  read -rs ${reference.env} && export ${reference.env}`,
      )
    return value
  }
  return 'file' in reference ? readSecretFile(reference, where) : runSecretCommand(reference, where, places)
}

async function readSecretFile(reference: { readonly file: string }, where: string): Promise<string> {
  let bytes: Uint8Array
  try {
    await using file = await open(reference.file, 'r')
    const buffer = new Uint8Array(limitBytes + 1)
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0)
    bytes = buffer.subarray(0, bytesRead)
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code
    const what =
      code === 'ENOENT' ? 'does not exist' : code === 'EACCES' ? 'may not be read by you' : `cannot be read (${code})`
    throw trouble(reference, where, what, `write the secret into ${reference.file}, readable for you alone (chmod 600)`)
  }
  if (bytes.length > limitBytes)
    throw trouble(reference, where, `is larger than ${limitBytes / 1024} KiB`, 'is this the right file?')
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw trouble(reference, where, 'is not UTF-8 text', 'is this the right file?')
  }
}

/** What the command printed is dropped on failure: it may be half a secret. */
function runSecretCommand(
  reference: { readonly command: readonly string[] },
  where: string,
  places: SecretPlaces,
): Promise<string> {
  const [program = '', ...args] = reference.command
  const deadlineMs = places.deadlineMs ?? 60_000
  const options = {
    cwd: places.folder,
    env: { ...places.env },
    timeout: deadlineMs,
    maxBuffer: limitBytes,
    encoding: 'utf8',
    shell: false,
  } as const
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, options, (error, stdout) => {
      if (!error) return resolve(stdout)
      reject(
        trouble(
          reference,
          where,
          commandFailure(error, deadlineMs),
          `run it by hand and see what it says: ${program} …`,
        ),
      )
    })
    child.stdin?.end()
  })
}

function commandFailure(
  error: Error & { code?: string | number | null; killed?: boolean; signal?: string | null },
  deadlineMs: number,
): string {
  if (error.code === 'ENOENT') return 'is not a program on this machine'
  if (error.code === 'EACCES') return 'may not be run by you'
  if (error.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return `printed more than ${limitBytes / 1024} KiB`
  if (error.killed) return `was not done after ${deadlineMs / 1000} s`
  return error.signal ? `was ended by ${error.signal}` : `failed with exit code ${error.code}`
}

/** Neither the value nor what a command said is part of it. */
function trouble(reference: SecretReference, where: string, what: string, fix: string): InputError {
  return new InputError({ what: `the secret of ${secretName(reference)} cannot be had: it ${what}`, where, fix })
}
