import type { GoModule, GoRecipe, Program } from './recipe.ts'

/** What of an upstream's go.mod a build from outside its repository must repeat, because Go reads it of the main module only. */
export interface UpstreamModule {
  readonly go: string
  readonly godebug: readonly string[]
  readonly replaces: readonly Replace[]
}

interface Replace {
  readonly from: string
  /** Only this version of `from` is replaced. */
  readonly fromVersion?: string
  readonly to: string
  /** Absent when `to` is a folder. */
  readonly toVersion?: string
}

/** Reads the directives we need; everything else is the business of `go`. */
export function parseGoMod(text: string): UpstreamModule {
  const named = (name: string) => directives(text).flatMap((each) => (each.directive === name ? [each.words] : []))
  return {
    go: named('go')[0]?.[0] ?? '1.21',
    godebug: named('godebug').map((words) => words.join(' ')),
    replaces: named('replace').map(parseReplace),
  }
}

interface Directive {
  readonly directive: string
  readonly words: readonly string[]
}

/** Every line as a directive of its own, those in `directive ( … )` blocks too. */
function directives(text: string): readonly Directive[] {
  const found: Directive[] = []
  let block: string | undefined
  for (const raw of text.split('\n')) {
    const line = raw.replace(/\/\/.*$/, '').trim()
    const [first = '', ...rest] = line.split(/\s+/)
    if (line === ')') block = undefined
    else if (line.endsWith('(')) block = first
    else if (line !== '')
      found.push(
        block === undefined ? { directive: first, words: rest } : { directive: block, words: [first, ...rest] },
      )
  }
  return found
}

function parseReplace(words: readonly string[]): Replace {
  const arrow = words.indexOf('=>')
  const [from = '', fromVersion] = words.slice(0, arrow)
  const [to = '', toVersion] = words.slice(arrow + 1)
  return {
    from,
    to,
    ...(fromVersion === undefined ? {} : { fromVersion }),
    ...(toVersion === undefined ? {} : { toVersion }),
  }
}

/** The go.mod of the folder a part is compiled in. The same recipe and upstream give the same text. */
export function goMod(recipe: GoRecipe, upstream: UpstreamModule): string {
  return [
    `module bundle.local/${recipe.name}`,
    '',
    `go ${upstream.go}`,
    ...upstream.godebug.map((setting) => `godebug ${setting}`),
    '',
    ...recipe.modules.map((module) => `require ${module.path} ${module.version}`),
    '',
    ...upstream.replaces.flatMap((replace) => replaceLine(replace, recipe)),
    ...(recipe.replaces ?? []).map((module) => `replace ${module.path} => ${module.path} ${module.version}`),
    '',
  ].join('\n')
}

function replaceLine(replace: Replace, recipe: GoRecipe): string[] {
  const from = replace.fromVersion === undefined ? replace.from : `${replace.from} ${replace.fromVersion}`
  if (replace.toVersion !== undefined) return [`replace ${from} => ${replace.to} ${replace.toVersion}`]
  // A folder of the upstream's repository is published as a module of its own: where its go.mod does not name the version, we do.
  return recipe.stagingVersion === undefined ? [] : [`replace ${from} => ${replace.from} ${recipe.stagingVersion}`]
}

/** The name `go build -o FOLDER/` gives a program: last element of its path, leaving out a major version. */
export function programFile(program: Pick<Program, 'package'>): string {
  const words = program.package.split('/')
  const last = words.at(-1) ?? ''
  return (/^v[0-9]+$/.test(last) ? words.at(-2) : last) ?? last
}

export function linkerFlags(recipe: GoRecipe): string {
  const defines = Object.entries(recipe.defines ?? {}).map(([name, value]) => `-X ${name}=${value}`)
  // Programs with C in them are linked statically too: they run on any distribution and in images that hold nothing else.
  return ['-s', '-w', ...defines, ...(recipe.cgo ? ['-linkmode external', '-extldflags -static'] : [])].join(' ')
}

/** `go1.26.8` is at least `1.26.0`? Development versions (`devel …`) are taken as new enough. */
export function goIsAtLeast(installed: string, wanted: string): boolean {
  const numbers = (text: string) =>
    (/([0-9]+)\.([0-9]+)(?:\.([0-9]+))?/.exec(text) ?? []).slice(1).map((word) => Number(word ?? 0))
  const have = numbers(installed)
  if (have.length === 0) return true
  for (const [i, want] of numbers(wanted).entries()) {
    if ((have[i] ?? 0) !== want) return (have[i] ?? 0) > want
  }
  return true
}

export function moduleWord(module: GoModule): string {
  return `${module.path}@${module.version}`
}
