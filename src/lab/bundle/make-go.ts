import { copyFile, cp, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FailedError } from '../../core/errors.ts'
import { buildCommand } from './build-command.ts'
import { goIsAtLeast, goMod, linkerFlags, moduleWord, parseGoMod, programFile } from './go-module.ts'
import type { Making } from './part.ts'
import type { GoModule, GoRecipe, ManifestRecipe, OwnGoRecipe } from './recipe.ts'

const GO_FIX =
  'look at the lines above; a module that cannot be fetched needs the network or another GOPROXY (`go env GOPROXY`)'

/** Our own programs need nothing newer. */
const OWN_GO = '1.24.0'

/** Source of our own programs, one folder each. */
const OWN_SOURCE = join(import.meta.dirname, 'go')

const NO_GO = 'install Go from https://go.dev/dl/ so that `go version` works, and try again'

export interface GoToolChain {
  /** `go1.26.8 linux/amd64`: part of every digest, since another compiler makes other bytes. */
  readonly version: string
  /** It fetches a newer tool chain by itself when a module wants one. */
  readonly switches: boolean
}

/** @throws FailedError when there is no Go on this machine */
export async function goToolChain(signal?: AbortSignal): Promise<GoToolChain> {
  const options = { fix: NO_GO, ...(signal === undefined ? {} : { signal }) }
  const text = await buildCommand(['go', 'env', '-json', 'GOVERSION', 'GOOS', 'GOARCH', 'GOTOOLCHAIN'], options)
  const { GOVERSION = '', GOOS, GOARCH, GOTOOLCHAIN } = JSON.parse(text) as Readonly<Record<string, string>>
  return {
    version: `${GOVERSION} ${GOOS}/${GOARCH}`,
    switches: GOTOOLCHAIN !== 'local' && goIsAtLeast(GOVERSION, '1.21'),
  }
}

/** Compiles a part's programs into `making.dir`. */
export async function makeGo(recipe: GoRecipe, making: Making, go: GoToolChain): Promise<void> {
  const [main] = recipe.modules
  if (main === undefined) throw new Error(`${recipe.name} names no module`)
  const upstream = parseGoMod(await readFile((await fetchModule(main, making)).goMod, 'utf8'))
  requireGo(go, upstream.go, recipe.title)
  const source = join(making.scratch, 'source')
  await mkdir(source)
  await writeFile(join(source, 'go.mod'), goMod(recipe, upstream))
  await build(recipe, source, making)
  for (const program of recipe.programs) {
    const built = join(making.scratch, 'out', programFile(program))
    const file = join(making.dir, program.artifact ?? program.as ?? programFile(program))
    await mkdir(join(file, '..'), { recursive: true })
    await rename(built, file)
  }
}

async function build(recipe: GoRecipe, source: string, making: Making): Promise<void> {
  const packages = recipe.programs.map((program) => program.package)
  const tags = recipe.tags === undefined ? [] : ['-tags', recipe.tags.join(',')]
  const where = { cwd: source, cgo: recipe.cgo }
  const listed = await runGo(['list', '-deps', ...tags, ...packages], { ...where, onLine: making.line }, making)
  const total = listed.split('\n').length
  let done = 0
  const onLine = (line: string) => {
    // With -v, go names each package it compiles; those in its cache are not named.
    if (!line.includes(' ')) done += 1
    making.line(line, { done: Math.min(done, total), total })
  }
  await mkdir(join(making.scratch, 'out'))
  const flags = ['-v', '-trimpath', '-buildvcs=false', ...tags, '-ldflags', linkerFlags(recipe)]
  await runGo(['build', ...flags, '-o', `${join(making.scratch, 'out')}/`, ...packages], { ...where, onLine }, making)
}

/** Compiles our own programs. The sources are copied first: the module file belongs to this build, not to the tree. */
export async function makeOwnGo(recipe: OwnGoRecipe, making: Making, go: GoToolChain): Promise<void> {
  const { around } = recipe
  const wanted = around
    ? parseGoMod(await readFile((await fetchModule(around.module, making)).goMod, 'utf8')).go
    : OWN_GO
  requireGo(go, wanted, recipe.title)
  const source = join(making.scratch, 'source')
  await mkdir(source)
  for (const name of recipe.programs) await cp(join(OWN_SOURCE, name), join(source, name), { recursive: true })
  const needs = around ? `\nrequire ${around.module.path} ${around.module.version}\n` : ''
  await writeFile(join(source, 'go.mod'), `module ${around?.path ?? 'bundle.local/own'}\n\ngo ${wanted}\n${needs}`)
  const packages = recipe.programs.map((name) => `./${name}`)
  const words = ['build', '-trimpath', '-buildvcs=false', '-ldflags', '-s -w', '-o', `${making.dir}/`, ...packages]
  await runGo(words, { cwd: source, onLine: making.line }, making)
}

/** Text of our own programs, for the digest. */
export async function ownSources(recipe: OwnGoRecipe): Promise<readonly string[]> {
  const texts: string[] = []
  for (const program of recipe.programs) {
    const names = (await readdir(join(OWN_SOURCE, program))).sort()
    for (const name of names) texts.push(name, await readFile(join(OWN_SOURCE, program, name), 'utf8'))
  }
  return texts
}

/** Takes one file out of a module; its digest is checked by whoever adopts the part. */
export async function makeManifest(recipe: ManifestRecipe, making: Making): Promise<void> {
  const module = await fetchModule(recipe.module, making)
  await copyFile(join(module.dir, recipe.file), join(making.dir, recipe.artifact))
}

/** Fetches what is not in Go's cache. */
export async function fetchModule(module: GoModule, making: Making): Promise<{ dir: string; goMod: string }> {
  making.line(`fetching ${moduleWord(module)}`)
  const text = await runGo(['mod', 'download', '-json', moduleWord(module)], { cwd: making.scratch }, making)
  const answer = JSON.parse(text) as { Dir: string; GoMod: string }
  return { dir: answer.Dir, goMod: answer.GoMod }
}

interface GoRun {
  readonly cwd: string
  readonly cgo?: boolean
  readonly onLine?: (line: string) => void
}

/** Settings of the user that would change what comes out are set back to Go's own; proxies, caches and tool chain stay. */
const SETTINGS = { GOFLAGS: '-mod=mod', GOWORK: 'off', GOEXPERIMENT: '', GOAMD64: 'v1', GOARM64: 'v8.0' } as const

function runGo(words: readonly string[], { cwd, cgo, onLine }: GoRun, { signal }: Making): Promise<string> {
  return buildCommand(['go', ...words], {
    cwd,
    env: { ...SETTINGS, CGO_ENABLED: cgo === true ? '1' : '0' },
    fix: GO_FIX,
    ...(signal === undefined ? {} : { signal }),
    ...(onLine === undefined ? {} : { onLine }),
  })
}

function requireGo(installed: GoToolChain, wanted: string, title: string): void {
  if (installed.switches || goIsAtLeast(installed.version, wanted)) return
  throw new FailedError({
    what: `${title} needs Go ${wanted} or newer, this machine has ${installed.version}`,
    where: 'this machine',
    fix: 'install a newer Go from https://go.dev/dl/ and put it first in PATH',
  })
}
