import { join } from 'node:path'
import { FailedError } from '../../core/errors.ts'
import type { Report } from '../../core/events.ts'
import { ensurePackages } from '../debian/packages.ts'
import { withFileLock } from '../local/lock.ts'
import { moduleWord } from './go-module.ts'
import { makeChartManifest } from './make-chart-manifest.ts'
import { type GoToolChain, goToolChain, makeGo, makeManifest, makeOwnGo, ownSources } from './make-go.ts'
import { hostArch, makeImage } from './make-image.ts'
import { makeRoot } from './make-root.ts'
import { cachedPart, type Making, makePart, type Part, partDigest, partDir, sweep } from './part.ts'
import { inputsOf, type Recipe } from './recipe.ts'
import { once, slots } from './schedule.ts'

const LINE_EVERY_MS = 100

/** As long as the other builder may take to compile everything. */
const LOCK_WAIT_MS = 90 * 60_000

export interface BuildOptions {
  /** Folder outside any repository; parts are kept in it by digest. */
  readonly cacheDir: string
  readonly report: Report
  /** Parts made at the same time. */
  readonly jobs: number
  readonly signal?: AbortSignal
}

/** Everything that is being built: one promise a part, in recipe order. */
export interface Build {
  readonly parts: ReadonlyMap<string, Promise<Part>>
  /** Lets other builders at the cache; to be called when no part is wanted any more. */
  release(): Promise<void>
}

/** Starts every part; each waits for its inputs and for a slot. A cached part needs neither lock nor tool chain nor slot. */
export function build(recipes: readonly Recipe[], options: BuildOptions): Build {
  const shared = sharedParts(options)
  const parts = new Map<string, Promise<Part>>()
  const compiled = new Map<string, Promise<Part>>()
  for (const [rank, recipe] of recipes.entries()) {
    const source = recipe.kind === 'go' ? recipe.modules[0] && moduleWord(recipe.modules[0]) : undefined
    const before = source === undefined ? undefined : compiled.get(source)
    const part = finish(recipe, rank, parts, { shared, options, before })
    if (source !== undefined) compiled.set(source, part)
    // Whoever needs it awaits it; this only keeps a failure nobody has asked for yet from ending the process.
    part.catch(() => undefined)
    parts.set(recipe.name, part)
  }
  return { parts, release: shared.release }
}

interface Shared {
  readonly go: () => Promise<GoToolChain>
  readonly lock: () => Promise<void>
  readonly slots: ReturnType<typeof slots>
  readonly release: () => Promise<void>
}

function sharedParts({ cacheDir, report, jobs, signal }: BuildOptions): Shared {
  const line = `waiting: another run is building in ${cacheDir}`
  const onWait = () => report({ type: 'task', id: 'bundle', title: 'bundle', state: 'progress', line })
  const ended = Promise.withResolvers<void>()
  let holding: Promise<void> | undefined
  const lock = once(async () => {
    const taken = Promise.withResolvers<void>()
    holding = withFileLock(join(cacheDir, 'lock'), { waitMs: LOCK_WAIT_MS, onWait }, async () => {
      await sweep(cacheDir)
      taken.resolve()
      await ended.promise
    })
    // Whether it is taken or cannot be had, whichever is known first.
    await Promise.race([taken.promise, holding])
  })
  const release = async () => {
    ended.resolve()
    await holding?.catch(() => undefined)
  }
  return { go: once(() => goToolChain(signal)), lock, slots: slots(jobs), release }
}

interface Work {
  readonly shared: Shared
  readonly options: BuildOptions
  /** Another part of the same source: what it compiles is in Go's cache afterwards, and would be compiled twice beside it. */
  readonly before: Promise<Part> | undefined
}

async function finish(
  recipe: Recipe,
  rank: number,
  parts: ReadonlyMap<string, Promise<Part>>,
  { shared, options, before }: Work,
): Promise<Part> {
  const inputs = new Map(
    await Promise.all(inputsOf(recipe).map(async (name) => [name, await input(parts, name)] as const)),
  )
  const dir = partDir(options.cacheDir, recipe.name, partDigest(recipe, await contextOf(recipe, inputs, shared)))
  const task = { type: 'task', id: `bundle/${recipe.name}`, title: recipe.title } as const
  const cached = await cachedPart(recipe.name, dir)
  if (cached !== undefined) {
    options.report({ ...task, state: 'cached' })
    return cached
  }
  await before?.catch(() => undefined)
  return shared.slots.run(rank, async () => {
    options.signal?.throwIfAborted()
    await shared.lock()
    // Somebody else may have made it while we waited for the lock.
    const made = await cachedPart(recipe.name, dir)
    if (made !== undefined) return made
    const begin = performance.now()
    options.report({ ...task, state: 'start' })
    try {
      if (recipe.debianPackages !== undefined) await ensurePackages(recipe.debianPackages, options.report)
      const part = await makePart(recipe.name, dir, (folders) =>
        make(recipe, inputs, making(folders, recipe, options), shared),
      )
      options.report({ ...task, state: 'ok', ms: Math.round(performance.now() - begin) })
      return part
    } catch (error) {
      options.report({ ...task, state: 'failed', ms: Math.round(performance.now() - begin) })
      throw error
    }
  })
}

async function make(recipe: Recipe, inputs: ReadonlyMap<string, Part>, making: Making, shared: Shared): Promise<void> {
  switch (recipe.kind) {
    case 'go':
      return makeGo(recipe, making, await shared.go())
    case 'own':
      return makeOwnGo(recipe, making, await shared.go())
    case 'root':
      return makeRoot(recipe, making)
    case 'image':
      return makeImage(recipe, inputs, making)
    case 'manifest':
      return makeManifest(recipe, making)
    case 'chart-manifest':
      return makeChartManifest(recipe, inputs, making)
  }
}

/** What else than the recipe decides what comes out. */
async function contextOf(
  recipe: Recipe,
  inputs: ReadonlyMap<string, Part>,
  shared: Shared,
): Promise<readonly string[]> {
  if (recipe.kind === 'go') return [(await shared.go()).version]
  if (recipe.kind === 'own') return [(await shared.go()).version, ...(await ownSources(recipe))]
  if (recipe.kind === 'root') return [hostArch()]
  return [hostArch(), ...[...inputs.values()].flatMap((part) => part.files.map((file) => file.sha256))]
}

function making(folders: Pick<Making, 'dir' | 'scratch'>, recipe: Recipe, options: BuildOptions): Making {
  let saidMs = 0
  const line: Making['line'] = (text, progress) => {
    const nowMs = performance.now()
    if (nowMs - saidMs < LINE_EVERY_MS) return
    saidMs = nowMs
    const counted = progress === undefined ? {} : { ...progress, unit: 'items' as const }
    options.report({
      type: 'task',
      id: `bundle/${recipe.name}`,
      title: recipe.title,
      state: 'progress',
      line: text,
      ...counted,
    })
  }
  return { ...folders, line, ...(options.signal === undefined ? {} : { signal: options.signal }) }
}

async function input(parts: ReadonlyMap<string, Promise<Part>>, name: string): Promise<Part> {
  const part = parts.get(name)
  if (part === undefined)
    throw new FailedError({ what: `part ${name} is needed before it is listed`, fix: 'move it up in RECIPES' })
  return part
}
