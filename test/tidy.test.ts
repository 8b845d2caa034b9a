import { globSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const ROOT = resolve(import.meta.dirname, '..')
const sources = globSync(['src/**/*.ts', 'playbooks/*.ts'], { cwd: ROOT }).sort()
const texts = new Map(sources.map((file) => [file, readFileSync(join(ROOT, file), 'utf8')]))

/** A file's room: its folder below src; `playbooks`, `main`, `index` and `template` are rooms of one. */
function roomOf(file: string): string {
  if (file.startsWith('playbooks/')) return 'playbooks'
  const [, room = ''] = file.split('/')
  return room.replace(/\.ts$/, '')
}

/** Arrows of ARCHITECTURE.md: what each room may import, beside itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  artifacts: ['core', 'catalog'],
  catalog: [],
  inventory: ['core'],
  facts: ['core', 'catalog'],
  template: [],
  resources: ['facts', 'artifacts', 'catalog', 'template', 'core'],
  cluster: ['facts', 'inventory', 'artifacts', 'catalog', 'core'],
  index: ['resources', 'cluster', 'facts', 'catalog', 'template', 'core', 'artifacts', 'inventory'],
  playbooks: ['index'],
  transport: ['core', 'facts'],
  render: ['core'],
  lab: ['core', 'artifacts', 'catalog', 'transport'],
  cli: [
    'core',
    'inventory',
    'transport',
    'render',
    'lab',
    'artifacts',
    'cluster',
    'catalog',
    'facts',
    'playbooks',
    'index',
  ],
  main: ['cli', 'core', 'render'],
}

function importsOf(file: string): readonly string[] {
  const text = texts.get(file) ?? ''
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(([, name = '']) => name)
}

const relatives = (file: string) =>
  importsOf(file)
    .filter((name) => name.startsWith('.'))
    .map((name) => relative(ROOT, resolve(ROOT, dirname(file), name)))

/** Files that contain something only named files may. */
const outside = (pattern: RegExp, allowed: readonly string[]) =>
  [...texts].filter(([file, text]) => pattern.test(text) && !allowed.includes(file)).map(([file]) => file)

describe('rooms', () => {
  it('import in one direction', () => {
    const wrong = sources.flatMap((file) => {
      const room = roomOf(file)
      return relatives(file)
        .filter(
          (target) =>
            target !== 'package.json' && roomOf(target) !== room && !MAY_IMPORT[room]?.includes(roomOf(target)),
        )
        .map((target) => `${file} -> ${target}`)
    })
    expect(wrong).toEqual([])
  })
  it('have no cycle of files', () => {
    const done = new Set<string>()
    const walk = (file: string, path: readonly string[]): string | undefined => {
      if (path.includes(file)) return [...path.slice(path.indexOf(file)), file].join(' -> ')
      if (done.has(file)) return undefined
      for (const target of relatives(file)) {
        const cycle = walk(target, [...path, file])
        if (cycle !== undefined) return cycle
      }
      done.add(file)
      return undefined
    }
    expect(sources.map((file) => walk(file, [])).filter(Boolean)).toEqual([])
  })
  it('name every library at one door', () => {
    expect(outside(/^import (?!type)[^;]*?from 'node-ssh'/m, ['src/transport/handshake.ts'])).toEqual([])
    expect(outside(/^import (?!type)[^;]*?from 'zx'/m, ['src/transport/local.ts'])).toEqual([])
    expect(outside(/^import (?!type)[^;]*?from 'listr2'/m, ['src/render/tree.ts'])).toEqual([])
  })
})

describe('habits', () => {
  it('keep files short enough to hold in the head', () => {
    expect([...texts].filter(([, text]) => text.split('\n').length > 251).map(([file]) => file)).toEqual([])
  })
  it('name files in kebab-case for one noun', () => {
    expect(sources.filter((file) => !/^[a-z0-9]+(-[a-z0-9]+)*\.ts$/.test(basename(file)))).toEqual([])
    expect(sources.filter((file) => /(util|helper|misc|common)s?\.ts$/.test(file))).toEqual([])
  })
  it('touch the process in main.ts only', () => {
    expect(outside(/\bprocess\.(argv|env|exit|stdout|stderr|stdin|on|cwd)\b/, ['src/main.ts'])).toEqual([])
  })
  it('export by name', () => {
    expect(outside(/^export default/m, [])).toEqual([])
  })
  it('know of a dry run only in cli', () => {
    expect(
      [...texts]
        .filter(([file, text]) => !file.startsWith('src/cli/') && /\bdryRun\b/.test(text))
        .map(([file]) => file),
    ).toEqual([])
  })
  it('leave nothing for later', () => {
    expect(outside(/\b(TODO|FIXME|XXX|HACK)\b/, [])).toEqual([])
  })
})
