import { createHash } from 'node:crypto'
import type { Dirent } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { measureFile } from '../../artifacts/artifact-file.ts'
import type { Recipe } from './recipe.ts'

/** Raised when the way of making a kind of part changes what comes out, so that cached ones are not taken for new ones. */
const WAY: Readonly<Record<Recipe['kind'], number>> = {
  go: 1,
  own: 1,
  root: 2,
  image: 2,
  manifest: 1,
  'chart-manifest': 1,
}
const PART_FILE = 'part.json'

const UNUSED_MS = 30 * 24 * 60 * 60_000

/** Where a part is being made, and whom to tell. */
export interface Making {
  /** Folder for what comes out; adopted as a whole when the part is done. */
  readonly dir: string
  /** Folder for everything else; removed afterwards. */
  readonly scratch: string
  readonly signal?: AbortSignal
  line(text: string, progress?: { readonly done: number; readonly total: number }): void
}

/** A finished part: never changed again. */
export interface Part {
  readonly name: string
  readonly dir: string
  readonly files: readonly PartFile[]
}

export interface PartFile {
  /** Path below `dir`. */
  readonly file: string
  readonly sha256: string
  readonly size: number
}

/** What a part depends on, in one word: it names the folder the part is cached in. */
export function partDigest(recipe: Recipe, context: readonly string[]): string {
  return createHash('sha256')
    .update(JSON.stringify([WAY[recipe.kind], recipe, context]))
    .digest('hex')
    .slice(0, 16)
}

export function partDir(cacheDir: string, name: string, digest: string): string {
  return join(cacheDir, 'parts', `${name}-${digest}`)
}

/** @returns undefined when it was never made */
export async function cachedPart(name: string, dir: string): Promise<Part | undefined> {
  const text = await readFile(join(dir, PART_FILE), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  await touch(dir)
  return { name, dir, files: JSON.parse(text) as PartFile[] }
}

/** Marks a folder of the cache as used, for `sweep`. */
export async function touch(dir: string): Promise<void> {
  const now = new Date()
  await utimes(dir, now, now)
}

/** Makes a part beside its place and moves it there when it is whole: a killed build leaves no half part that looks whole. */
export async function makePart(
  name: string,
  dir: string,
  make: (folders: Pick<Making, 'dir' | 'scratch'>) => Promise<void>,
): Promise<Part> {
  const parts = join(dir, '..')
  await mkdir(parts, { recursive: true })
  const temporary = await mkdtemp(join(parts, `.${name}-`))
  try {
    const folders = { dir: join(temporary, 'part'), scratch: join(temporary, 'scratch') }
    await mkdir(folders.dir)
    await mkdir(folders.scratch)
    await make(folders)
    const files = await measureFiles(folders.dir)
    await writeFile(join(folders.dir, PART_FILE), `${JSON.stringify(files, null, 1)}\n`)
    await rename(folders.dir, dir)
    return { name, dir, files }
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}

async function measureFiles(dir: string): Promise<PartFile[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry: Dirent) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const files: PartFile[] = []
  for (const path of paths.sort()) {
    await chmod(path, 0o755)
    files.push({ file: path.slice(dir.length + 1), ...(await measureFile(path)) })
  }
  return files
}

/** Removes what killed builds left behind, and what nobody has used for a month. Only for whoever holds the lock. */
export async function sweep(cacheDir: string): Promise<void> {
  for (const shelf of [join(cacheDir, 'parts'), join(cacheDir, 'bundles')]) {
    for (const name of await readdir(shelf).catch(() => [])) {
      const path = join(shelf, name)
      const ageMs = Date.now() - (await stat(path)).mtimeMs
      if (name.startsWith('.') || ageMs > UNUSED_MS) await rm(path, { recursive: true, force: true })
    }
  }
}
