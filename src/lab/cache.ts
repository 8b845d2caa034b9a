import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Report } from '../core/events.ts'
import { withFileLock } from './local/lock.ts'
import { type Task, task } from './task.ts'

/** One thing that is made once: equal recipes make equal things. */
export interface Recipe {
  /** Folder name, `[a-z0-9-]+`. */
  readonly kind: string
  /** Everything the result depends on: script texts, options, package names, digests of other recipes. Plain JSON. */
  readonly inputs: unknown
  /** For the task events. */
  readonly title: string
}

export interface Cache {
  readonly folder: string
  readonly report: Report
}

/** Building a kernel on a slow machine while another program builds the same. */
const BUILD_WAIT_MS = 90 * 60_000

/** Unfinished folders of runs that were killed are removed after this age. */
const STALE_MS = 24 * 60 * 60_000

/** Hex digest of the recipe: the name of its folder in the cache. */
export function recipeDigest(recipe: Pick<Recipe, 'kind' | 'inputs'>): string {
  return createHash('sha256')
    .update(JSON.stringify([recipe.kind, recipe.inputs]))
    .digest('hex')
    .slice(0, 24)
}

/**
 * Folder of the finished thing; made by `build` in a folder beside it and then renamed, so that a crash leaves nothing
 * that looks finished. Two processes do not make one thing twice: the second waits for the first.
 */
export async function fromCache(
  cache: Cache,
  recipe: Recipe,
  build: (folder: string, task: Task) => Promise<void>,
): Promise<string> {
  const id = `lab/${recipe.kind}`
  const folder = entryFolder(cache, recipe)
  const hit = async () => {
    if (!(await exists(folder))) return false
    await utimes(folder, new Date(), new Date()) // the last use, for whoever tidies the cache
    cache.report({ type: 'task', id, title: recipe.title, state: 'cached' })
    return true
  }
  if (await hit()) return folder
  const waiting = () =>
    cache.report({
      type: 'task',
      id,
      title: recipe.title,
      state: 'progress',
      line: 'another run is making it: waiting',
    })
  await withFileLock(`${folder}.lock`, { waitMs: BUILD_WAIT_MS, onWait: waiting }, async () => {
    if (await hit()) return
    await removeStale(join(cache.folder, recipe.kind))
    await task(cache.report, id, recipe.title, (progress) => buildInto(folder, recipe, (part) => build(part, progress)))
  })
  return folder
}

async function buildInto(folder: string, recipe: Recipe, build: (folder: string) => Promise<void>): Promise<void> {
  // A name of its own: what a killed run left may still be written to for a moment.
  const part = `${folder}.${randomBytes(4).toString('hex')}.part`
  await mkdir(part, { recursive: true })
  await build(part)
  await writeFile(join(part, 'recipe.json'), `${JSON.stringify(recipe, undefined, 2)}\n`)
  await rename(part, folder)
}

function entryFolder(cache: Cache, recipe: Recipe): string {
  return join(cache.folder, recipe.kind, recipeDigest(recipe))
}

async function removeStale(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name)
    if (!name.endsWith('.part')) continue
    const age = Date.now() - (await stat(path)).mtimeMs
    if (age > STALE_MS) await rm(path, { recursive: true, force: true })
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
