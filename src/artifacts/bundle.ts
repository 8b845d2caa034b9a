import { readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { InputError } from '../core/errors.ts'
import { type Arch, type Artifact, type ArtifactFile, artifactSchema } from './artifact.ts'
import { artifactFile, type ByteRange } from './artifact-file.ts'
import { readTarEntry, type TarIndex, tarIndex } from './tar-index.ts'

export const BUNDLE_FILE = 'bundle.json'
export const BUNDLE_FORMAT = 1

const pathInBundle = z
  .string()
  .max(512)
  .regex(
    /^(bin|images|manifests)(\/[A-Za-z0-9_-][A-Za-z0-9._-]*)+$/,
    'must lie below bin/, images/ or manifests/, without `..`',
  )

const entrySchema = z.strictObject({ ...artifactSchema.shape, path: pathInBundle })

/** `bundle.json`: what a bundle holds. It has no dates, so two bundles of the same bytes are the same bytes. */
export const bundleSchema = z
  .strictObject({
    format: z.literal(BUNDLE_FORMAT, `must be ${BUNDLE_FORMAT}; a newer provision reads newer formats`),
    artifacts: z.array(entrySchema).min(1),
  })
  .superRefine((bundle, context) => {
    const seen = new Map<string, number>()
    for (const [i, { name, arch }] of bundle.artifacts.entries()) {
      const key = `${name} for ${arch}`
      if (seen.has(key))
        context.addIssue({ code: 'custom', path: ['artifacts', i, 'name'], message: `${key} is listed twice` })
      seen.set(key, i)
    }
  })

export type BundleEntry = Readonly<z.infer<typeof entrySchema>>

/** A folder or an uncompressed tar that holds everything a plan installs. */
export interface Bundle {
  /** Absolute path of the folder or tar. */
  readonly path: string
  readonly artifacts: readonly Artifact[]
  /** @throws InputError when the bundle does not hold it. */
  file(name: string, arch?: Arch): ArtifactFile
  /** One for each kind of processor. @throws InputError when the bundle holds none. */
  files(name: string): readonly ArtifactFile[]
}

/**
 * Reads `bundle.json` and checks that every file it names is there with the right size. Digests are checked when bytes are read.
 * @throws InputError naming the file, the field and the value that is wrong.
 */
export async function openBundle(path: string): Promise<Bundle> {
  const root = resolve(path)
  const kind = await stat(root).catch(() => undefined)
  if (kind === undefined)
    throw new InputError({
      what: `there is no bundle at ${root}`,
      fix: 'give the path of a folder or tar that `provision bundle` made',
    })
  const index = kind.isDirectory() ? undefined : await tarIndex(root)
  const entries = parseBundle(await readIndex(root, index), `${root}/${BUNDLE_FILE}`)
  const files = await Promise.all(entries.map((entry) => locate(root, entry, index)))
  return {
    path: root,
    artifacts: files.map((file) => file.artifact),
    file: (name, arch) => find(files, name, arch, root),
    files: (name) => {
      find(files, name, undefined, root)
      return files.filter(({ artifact }) => artifact.name === name)
    },
  }
}

/** @throws InputError */
export function parseBundle(text: string, where: string): readonly BundleEntry[] {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw new InputError({
      what: `${BUNDLE_FILE} is not JSON: ${(error as Error).message}`,
      where,
      fix: 'make the bundle again',
    })
  }
  const parsed = bundleSchema.safeParse(json)
  if (parsed.success) return parsed.data.artifacts
  const lines = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'bundle'}: ${issue.message}`)
  throw new InputError({
    what: `${BUNDLE_FILE} is not valid: ${lines.slice(0, 5).join('; ')}`,
    where,
    fix: 'make the bundle again',
  })
}

async function readIndex(root: string, index: TarIndex | undefined): Promise<string> {
  try {
    if (index === undefined) return await readFile(join(root, BUNDLE_FILE), 'utf8')
    return (await readTarEntry(root, index, BUNDLE_FILE)).toString('utf8')
  } catch (cause) {
    const trouble = {
      what: `there is no ${BUNDLE_FILE} in it`,
      where: root,
      why: 'this is not a bundle, or copying it was not finished',
    }
    throw new InputError({ ...trouble, fix: 'make it with `provision bundle`, or copy it again' }, { cause })
  }
}

async function locate(root: string, entry: BundleEntry, index: TarIndex | undefined): Promise<ArtifactFile> {
  const { path, ...artifact } = entry
  const range: ByteRange | undefined = index?.get(path)
  const sizeBytes = index === undefined ? (await stat(join(root, path)).catch(() => undefined))?.size : range?.sizeBytes
  if (sizeBytes === artifact.size) {
    return range === undefined ? artifactFile(artifact, join(root, path)) : artifactFile(artifact, root, range)
  }
  throw new InputError({
    what:
      sizeBytes === undefined
        ? `${path} is missing from the bundle`
        : `${path} has ${sizeBytes} bytes, ${BUNDLE_FILE} says ${artifact.size}`,
    where: root,
    why: 'copying the bundle was not finished, or the file was changed',
    fix: 'copy or make the bundle again',
  })
}

function find(files: readonly ArtifactFile[], name: string, arch: Arch | undefined, root: string): ArtifactFile {
  const named = files.filter((file) => file.artifact.name === name)
  const match = named.find(({ artifact }) => arch === undefined || artifact.arch === arch || artifact.arch === 'any')
  if (match !== undefined) return match
  const wanted = arch === undefined ? name : `${name} for ${arch}`
  const held =
    named.length === 0
      ? files.map((file) => file.artifact.name)
      : named.map((file) => `${name} for ${file.artifact.arch}`)
  throw new InputError({
    what: `the bundle does not hold ${wanted}`,
    where: root,
    why: `it holds ${held.join(', ')}`,
    fix: 'make the bundle for this inventory: `provision bundle INVENTORY`',
  })
}
