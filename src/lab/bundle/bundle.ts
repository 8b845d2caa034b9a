import { createHash } from 'node:crypto'
import { link, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Artifact, ArtifactFile } from '../../artifacts/artifact.ts'
import { artifactFile } from '../../artifacts/artifact-file.ts'
import { BUNDLE_FILE, BUNDLE_FORMAT, type Bundle, type BundleEntry, openBundle } from '../../artifacts/bundle.ts'
import { FailedError, InputError } from '../../core/errors.ts'
import { type Build, type BuildOptions, build } from './builder.ts'
import { hostArch } from './make-image.ts'
import { type Part, type PartFile, touch } from './part.ts'
import { artifactsOf, isManifest, type Recipe } from './recipe.ts'
import { RECIPES } from './recipes.ts'

export type BundleOptions = BuildOptions

/** A bundle that is being made: its artifacts can be had one after another. */
export interface StartedBundle {
  /** Names of everything it will hold, known at once. */
  readonly names: readonly string[]
  /** Resolves as soon as this one is there. @throws InputError for a name the bundle will not hold, FailedError when making it failed. */
  artifact(name: string): Promise<ArtifactFile>
  readonly done: Promise<Bundle>
}

/** Makes the lab's bundle: compiles what is not cached. The same recipes and tool chain give the same folder. */
export function makeBundle(options: BundleOptions): Promise<Bundle> {
  return startBundle(options).done
}

export function startBundle(options: BundleOptions, recipes: readonly Recipe[] = RECIPES): StartedBundle {
  const begin = performance.now()
  const task = { type: 'task', id: 'bundle', title: "the lab's bundle" } as const
  options.report({ ...task, state: 'start', total: recipes.length, done: 0, unit: 'items' })
  const building = build(recipes, options)
  let made = 0
  for (const part of building.parts.values()) {
    const count = () =>
      options.report({ ...task, state: 'progress', done: ++made, total: recipes.length, unit: 'items' })
    part.then(count, () => undefined)
  }
  const done = finish(building, recipes, options).then(
    (bundle) => {
      options.report({ ...task, state: 'ok', ms: Math.round(performance.now() - begin) })
      return bundle
    },
    (error: unknown) => {
      options.report({ ...task, state: 'failed', ms: Math.round(performance.now() - begin) })
      throw error
    },
  )
  // The caller may only want single artifacts, whose promises tell of the failure too.
  done.catch(() => undefined)
  return { names: recipes.flatMap(artifactsOf), done, artifact: (name) => artifact(name, recipes, building) }
}

async function artifact(name: string, recipes: readonly Recipe[], building: Build): Promise<ArtifactFile> {
  const recipe = recipes.find((each) => artifactsOf(each).includes(name))
  const part = recipe === undefined ? undefined : await building.parts.get(recipe.name)
  const made = recipe && part ? entriesOf(recipe, part).find((each) => each.artifact.name === name) : undefined
  if (made !== undefined) return artifactFile(made.artifact, made.from)
  const fix = `ask for one of: ${recipes.flatMap(artifactsOf).join(', ')}`
  throw new InputError({ what: `the lab's bundle does not hold ${name}`, fix })
}

async function finish(building: Build, recipes: readonly Recipe[], { cacheDir }: BundleOptions): Promise<Bundle> {
  try {
    const parts = await Promise.all([...building.parts.values()])
    return await openBundle(await assemble(allEntries(recipes, parts), cacheDir))
  } finally {
    // One failed part must not let another builder at a cache that the others still write to.
    await Promise.allSettled(building.parts.values())
    await building.release()
  }
}

interface Made {
  readonly artifact: Artifact
  /** Path in the bundle. */
  readonly path: string
  /** Absolute path in the part. */
  readonly from: string
}

function allEntries(recipes: readonly Recipe[], parts: readonly Part[]): readonly Made[] {
  return recipes.flatMap((recipe, i) => {
    const part = parts[i]
    return part === undefined ? [] : entriesOf(recipe, part)
  })
}

/** What a finished part adds to the bundle. */
function entriesOf(recipe: Recipe, part: Part): readonly Made[] {
  return artifactsOf(recipe).map((name) => {
    const [file, path] = placeOf(recipe, name)
    const found = part.files.find((each) => each.file === file)
    if (found === undefined) throw new Error(`part ${part.name} holds no ${file}`)
    return { artifact: factsOf(recipe, name, found), path, from: join(part.dir, file) }
  })
}

function placeOf(recipe: Recipe, name: string): readonly [file: string, path: string] {
  if (recipe.kind === 'image') return [`${name}.tar`, `images/${name}.tar`]
  return [name, `${isManifest(recipe) ? 'manifests' : 'bin'}/${name}`]
}

function factsOf(recipe: Recipe, name: string, { sha256, size }: PartFile): Artifact {
  const common = { name, sha256, size, licence: recipe.licence }
  if (recipe.kind === 'go') {
    const [main] = recipe.modules
    const builtFrom = `${main?.path} ${main?.version}`
    return { ...common, version: main?.version ?? '', arch: hostArch(), kind: 'binary', builtFrom }
  }
  if (recipe.kind === 'image') {
    const { reference, builtFrom } = recipe
    return {
      ...common,
      version: reference.slice(reference.lastIndexOf(':') + 1),
      arch: hostArch(),
      kind: 'image',
      reference,
      builtFrom,
    }
  }
  if (!isManifest(recipe)) throw new Error(`${recipe.name} makes no artifacts`)
  if (sha256 === recipe.sha256) return { ...common, version: recipe.module.version, arch: 'any', kind: 'manifest' }
  throw new FailedError({
    what: `${name} of ${recipe.module.path} ${recipe.module.version} has sha256 ${sha256}, expected ${recipe.sha256}`,
    where: 'this machine, the Go module cache',
    why: 'upstream changed it under the same version, or the module cache was changed',
    fix: 'run `go clean -modcache` and try again; when it stays, compare it with the release by hand',
  })
}

/** Lays the bundle's folder out with hard links: it costs no space beside the parts. */
async function assemble(made: readonly Made[], cacheDir: string): Promise<string> {
  const entries: BundleEntry[] = made.map(({ artifact, path }) => ({ ...artifact, path }))
  const text = `${JSON.stringify({ format: BUNDLE_FORMAT, artifacts: entries }, null, 2)}\n`
  const bundles = join(cacheDir, 'bundles')
  const dir = join(bundles, createHash('sha256').update(text).digest('hex').slice(0, 16))
  await mkdir(bundles, { recursive: true })
  const temporary = await mkdtemp(join(bundles, '.new-'))
  try {
    for (const { path, from } of made) {
      await mkdir(dirname(join(temporary, path)), { recursive: true })
      await link(from, join(temporary, path))
    }
    await writeFile(join(temporary, BUNDLE_FILE), text)
    // It is named by what it holds: one that is there already is the same.
    await rename(temporary, dir).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
    })
    await touch(dir)
    return dir
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}
