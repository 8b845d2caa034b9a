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

/** `go1.26.8 linux/amd64`: part of every digest, since another compiler makes other bytes. */
export async function goToolChain(signal?: AbortSignal): Promise<string> {
  const fix = 'install Go from https://go.dev/dl/ so that `go version` works, and try again'
  const text = await buildCommand(['go', 'version'], { fix, ...(signal === undefined ? {} : { signal }) })
  return text.replace(/^go version /, '').trim()
}

/** Compiles a part's programs into `making.dir`. */
export async function makeGo(recipe: GoRecipe, making: Making, goVersion: string): Promise<void> {
  const [main] = recipe.modules
  if (main === undefined) throw new Error(`${recipe.name} names no module`)
  const upstream = parseGoMod(await readFile((await fetchModule(main, making)).goMod, 'utf8'))
  requireGo(goVersion, upstream.go, recipe.title)
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
  const env = { CGO_ENABLED: recipe.cgo ? '1' : '0', GOFLAGS: '-mod=mod', GOWORK: 'off' }
  const listed = await runGo(['list', '-deps', ...tags, ...packages], source, env, making, making.line)
  const total = listed.split('\n').length
  let done = 0
  const onLine = (line: string) => {
    // With -v, go names each package it compiles; those in its cache are not named.
    if (!line.includes(' ')) done += 1
    making.line(line, { done: Math.min(done, total), total })
  }
  await mkdir(join(making.scratch, 'out'))
  const flags = ['-v', '-trimpath', '-buildvcs=false', ...tags, '-ldflags', linkerFlags(recipe)]
  await runGo(['build', ...flags, '-o', `${join(making.scratch, 'out')}/`, ...packages], source, env, making, onLine)
}

/** Compiles our own programs. The sources are copied first: the module file belongs to this build, not to the tree. */
export async function makeOwnGo(recipe: OwnGoRecipe, making: Making, goVersion: string): Promise<void> {
  requireGo(goVersion, OWN_GO, recipe.title)
  const source = join(making.scratch, 'source')
  await mkdir(source)
  for (const name of recipe.programs) await cp(join(OWN_SOURCE, name), join(source, name), { recursive: true })
  await writeFile(join(source, 'go.mod'), `module bundle.local/own\n\ngo ${OWN_GO}\n`)
  const env = { CGO_ENABLED: '0', GOFLAGS: '-mod=mod', GOWORK: 'off' }
  const flags = ['-trimpath', '-buildvcs=false', '-ldflags', '-s -w']
  await runGo(
    ['build', ...flags, '-o', `${making.dir}/`, ...recipe.programs.map((name) => `./${name}`)],
    source,
    env,
    making,
    making.line,
  )
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

async function fetchModule(module: GoModule, making: Making): Promise<{ dir: string; goMod: string }> {
  making.line(`fetching ${moduleWord(module)}`)
  const env = { GOWORK: 'off', GOFLAGS: '-mod=mod' }
  const text = await runGo(['mod', 'download', '-json', moduleWord(module)], making.scratch, env, making, undefined)
  const answer = JSON.parse(text) as { Dir: string; GoMod: string }
  return { dir: answer.Dir, goMod: answer.GoMod }
}

function runGo(
  words: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
  making: Making,
  onLine: ((line: string) => void) | undefined,
): Promise<string> {
  const signal = making.signal === undefined ? {} : { signal: making.signal }
  return buildCommand(['go', ...words], {
    cwd,
    env,
    fix: GO_FIX,
    ...signal,
    ...(onLine === undefined ? {} : { onLine }),
  })
}

function requireGo(installed: string, wanted: string, title: string): void {
  if (goIsAtLeast(installed, wanted)) return
  throw new FailedError({
    what: `${title} needs Go ${wanted} or newer, this machine has ${installed}`,
    where: 'this machine',
    fix: 'install a newer Go from https://go.dev/dl/ and put it first in PATH',
  })
}
