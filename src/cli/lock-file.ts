import { readFile } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { parse, stringify } from 'yaml'
import { z } from 'zod'
import { ARTIFACT_KINDS } from '../artifacts/artifact.ts'
import { InputError } from '../core/errors.ts'
import type { World } from './world.ts'

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hexadecimal digits')

const lockSchema = z.strictObject({
  format: z.literal(1, 'must be 1; a newer provision reads newer formats'),
  /** Where the artifacts came from: digests of a release and of a bundle of it differ. */
  source: z.string(),
  artifacts: z.record(
    z.string(),
    z.strictObject({ version: z.string(), kind: z.enum(ARTIFACT_KINDS), sha256: z.record(z.string(), sha256) }),
  ),
  images: z.record(z.string(), z.string().regex(/^sha256:[0-9a-f]{64}$/, 'must be sha256: and 64 hexadecimal digits')),
  hosts: z.record(z.string(), z.array(z.string().regex(/^SHA256:[A-Za-z0-9+/]{43}$/, 'must be SHA256:…')).min(1)),
})

/** What an inventory is held to, by name. Digests of artifacts by kind of processor; of images by their full name. */
export type Lock = Readonly<z.infer<typeof lockSchema>>

/** A lock that stands beside its inventory. */
export interface LockFile {
  /** As it is told of: beside the inventory as that was named. */
  readonly path: string
  readonly text: string
  readonly lock: Lock
}

/** `prod.yaml` is locked by `prod.lock.yaml`. */
export function lockPath(inventory: string): string {
  return `${inventory.replace(/\.(ya?ml|json)$/, '')}.lock.yaml`
}

/** Reads the lock beside an inventory, if there is one. @throws InputError when it cannot be read or is none */
export async function readLock({ cwd }: Pick<World, 'cwd'>, inventory: string): Promise<LockFile | undefined> {
  const path = lockPath(inventory)
  let text: string
  try {
    text = await readFile(resolve(cwd, path), 'utf8')
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    const what = `the lock file ${path} cannot be read (${code})`
    throw new InputError({ what, where: path, fix: 'mend the rights of that file' }, { cause })
  }
  return { path, text, lock: parseLock(text, path) }
}

function parseLock(text: string, path: string): Lock {
  const fix = `put back the file as it was (git checkout), or make it anew: rm ${path} and provision lock`
  let data: unknown
  try {
    data = parse(text)
  } catch (cause) {
    const what = `the lock file ${path} is not YAML: ${(cause as Error).message.split('\n')[0]}`
    throw new InputError({ what, where: path, fix }, { cause })
  }
  const parsed = lockSchema.safeParse(data)
  if (parsed.success) return parsed.data
  const [first] = parsed.error.issues
  throw new InputError({
    what: `the lock file ${path} is not valid: ${first?.path.join('.') || 'it'}: ${first?.message ?? 'wrong'}`,
    where: path,
    fix,
  })
}

/** The same lock gives the same text, whatever order it was gathered in. */
export function lockText(lock: Lock, inventory: string): string {
  const name = basename(inventory)
  const head = `# What ${name} is held to: versions and digests of all that is installed, and the keys of its hosts. provision refuses
# anything else. Written by \`provision lock ${name}\`; \`--update\` shows what changes, and writes it.
`
  const artifacts = Object.entries(lock.artifacts).map(
    ([key, { version, kind, sha256 }]) => [key, { version, kind, sha256: sorted(sha256) }] as const,
  )
  const parts = [
    { format: lock.format, source: lock.source },
    { artifacts: sorted(Object.fromEntries(artifacts)) },
    { images: sorted(lock.images) },
    { hosts: sorted(lock.hosts) },
  ]
  return `${head}${parts.map((part) => stringify(part, { lineWidth: 0 })).join('\n')}`
}

function sorted<T>(value: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
