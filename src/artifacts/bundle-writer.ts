import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, readdir, rename, rm, rmdir, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { pack } from 'tar-stream'
import { InputError, ProvisionError } from '../core/errors.ts'
import type { Artifact, ArtifactFile } from './artifact.ts'
import { measureFile } from './artifact-file.ts'
import { BUNDLE_FILE, BUNDLE_FORMAT, type BundleEntry } from './bundle.ts'

/** Something to put into a bundle, made or fetched when its turn comes. */
export type BundlePart = () => Promise<ArtifactFile>

/**
 * Writes a bundle: a folder, or a tar where the name ends in `.tar`. It is made beside its place, in `PATH.parts`, and appears
 * when it is whole; what a run left there is checked and used by the next. The same artifacts give the same bytes.
 * @returns what it holds, in the order it holds them
 * @throws InputError when something else is in its place; FailedError when a part cannot be had or has another digest
 */
export async function writeBundle(path: string, parts: readonly BundlePart[]): Promise<readonly Artifact[]> {
  const to = resolve(path)
  try {
    return await writeTo(to, parts)
  } catch (error) {
    throw unwritable(to, error)
  }
}

async function writeTo(to: string, parts: readonly BundlePart[]): Promise<readonly Artifact[]> {
  const isTar = to.endsWith('.tar')
  await refuseOther(to, isTar)
  const folder = `${to}.parts`
  const entries: BundleEntry[] = []
  for (const part of parts) entries.push(await put(folder, await part()))
  entries.sort((a, b) => (a.path < b.path ? -1 : 1))
  const index = { format: BUNDLE_FORMAT, artifacts: entries }
  await writeWhole(join(folder, BUNDLE_FILE), Readable.from([`${JSON.stringify(index, null, 2)}\n`]))
  await removeOthers(folder, new Set([BUNDLE_FILE, ...entries.map((entry) => entry.path)]))
  await (isTar ? asTar(folder, to, entries) : inPlace(folder, to))
  return entries.map(({ path: _path, ...artifact }) => artifact)
}

/** One place for each artifact, whatever else a bundle holds. */
export function pathInBundle({ name, arch, kind }: Artifact): string {
  const folder = kind === 'image' ? 'images' : kind === 'manifest' ? 'manifests' : 'bin'
  const file = kind === 'image' ? `${name}.tar` : name
  return arch === 'any' ? `${folder}/${file}` : `${folder}/${arch}/${file}`
}

async function refuseOther(to: string, isTar: boolean): Promise<void> {
  const there = await stat(to).catch(() => undefined)
  if (there === undefined || (isTar && there.isFile())) return
  if (!isTar && there.isDirectory()) {
    const names = await readdir(to)
    if (names.length === 0 || names.includes(BUNDLE_FILE)) return
  }
  throw new InputError({
    what: `${to} is there already, and is no bundle`,
    where: to,
    why: there.isDirectory() ? `a folder without ${BUNDLE_FILE}` : 'a file whose name does not end in .tar',
    fix: 'name a new folder, or a file that ends in .tar',
  })
}

async function put(folder: string, file: ArtifactFile): Promise<BundleEntry> {
  const path = pathInBundle(file.artifact)
  const to = join(folder, path)
  const there = await stat(to).catch(() => undefined)
  const isSame = there?.size === file.artifact.size && (await measureFile(to)).sha256 === file.artifact.sha256
  if (!isSame) await writeWhole(to, Readable.from(file.open()))
  return inOrder(file.artifact, path)
}

/** Always in this order, wherever it was read: equal bundles are equal bytes. */
function inOrder({ name, version, arch, kind, sha256, size, licence, ...origin }: Artifact, path: string): BundleEntry {
  const { reference, builtFrom } = origin
  return {
    ...{ name, version, arch, kind, sha256, size, licence },
    ...(reference === undefined ? {} : { reference }),
    ...(builtFrom === undefined ? {} : { builtFrom }),
    path,
  }
}

/** A file that is there is whole. */
async function writeWhole(to: string, bytes: Readable): Promise<void> {
  await mkdir(dirname(to), { recursive: true })
  const temporary = `${to}.part`
  await pipeline(bytes, createWriteStream(temporary, { flush: true }))
  await rename(temporary, to)
}

/** What an earlier run put there for another inventory. */
async function removeOthers(folder: string, wanted: ReadonlySet<string>, below = ''): Promise<void> {
  for (const entry of await readdir(join(folder, below), { withFileTypes: true })) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`
    if (!entry.isDirectory()) {
      if (!wanted.has(path)) await rm(join(folder, path))
      continue
    }
    await removeOthers(folder, wanted, path)
    // Only empty ones go.
    await rmdir(join(folder, path)).catch(() => undefined)
  }
}

/** A bundle that was there makes way in two renames. */
async function inPlace(folder: string, to: string): Promise<void> {
  const old = `${to}.old`
  await rm(old, { recursive: true, force: true })
  await rename(to, old).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
  await rename(folder, to)
  await rm(old, { recursive: true, force: true })
}

async function asTar(folder: string, to: string, entries: readonly BundleEntry[]): Promise<void> {
  const archive = pack()
  const temporary = `${to}.part`
  const written = pipeline(archive, createWriteStream(temporary, { flush: true }))
  // A write that fails shows where it is awaited.
  written.catch(() => undefined)
  for (const name of [BUNDLE_FILE, ...entries.map(({ path }) => path)]) {
    const { size } = await stat(join(folder, name))
    const entry = archive.entry({ name, size, mode: 0o644, uid: 0, gid: 0, mtime: new Date(0), type: 'file' })
    await Promise.race([pipeline(createReadStream(join(folder, name)), entry), written])
  }
  archive.finalize()
  await written
  await rename(temporary, to)
  await rm(folder, { recursive: true, force: true })
}

/** What the file system says, for a person. Everything else is what it is. */
function unwritable(to: string, error: unknown): unknown {
  const { code, path, message } = error as NodeJS.ErrnoException
  if (error instanceof ProvisionError || code === undefined || !/^E[A-Z]+$/.test(code)) return error
  const trouble = { what: `${path ?? to} cannot be read or written (${code})`, where: to, why: message }
  const fix = code === 'ENOSPC' ? 'make room, then run it again: it goes on' : 'mend that, or name another place'
  return new InputError({ ...trouble, fix }, { cause: error })
}
