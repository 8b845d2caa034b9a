import { type Layer, type Leaf, leaves, type Origin, pathText } from './layers.ts'
import type { Problem, Spot } from './problem.ts'
import { layered } from './schema.ts'
import { type Setting, withValue } from './set.ts'
import { shown } from './source.ts'
import { type Place, placeKey } from './tree.ts'

type Data = Readonly<Record<string, unknown>>

/** A validated inventory as data, before its layers are added up. */
export interface Raw {
  /** The file alone. */
  readonly file: Data
  /** The file with every `--set` in it. */
  readonly data: Data
  readonly settings: readonly Setting[]
  readonly places: ReadonlyMap<string, Place>
  readonly filePlaces: ReadonlyMap<string, Place>
  /** The beginning of the file, for what is about all of it. */
  readonly root: Spot
}

export interface Resolved {
  readonly name: string
  /** What the layers add up to, without defaults. */
  readonly settings: Data
  readonly groups: readonly string[]
  readonly origins: ReadonlyMap<string, readonly Origin[]>
  readonly problems: readonly Problem[]
}

export function mapAt(data: unknown, ...path: readonly string[]): Data {
  const value = path.reduce<unknown>(
    (inner, key) => (isMap(inner) && Object.hasOwn(inner, key) ? inner[key] : undefined),
    data,
  )
  return isMap(value) ? value : {}
}

function isMap(value: unknown): value is Data {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Groups of a host: those it names, then those that name it. */
export function groupsOf(raw: Raw, host: string): readonly string[] {
  const named = mapAt(raw.data, 'hosts', host).groups
  const naming = Object.entries(mapAt(raw.data, 'groups')).filter(
    ([, group]) => isMap(group) && asList(group.hosts).includes(host),
  )
  return [...new Set([...asList(named), ...naming.map(([name]) => name)])]
}

export function asList(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : []
}

interface Said extends Leaf {
  readonly layer: Layer
  /** Path in the file. */
  readonly at: readonly string[]
}

/** Adds up what top, groups, host and `--set` say about one host. */
export function resolveHost(raw: Raw, host: string): Resolved {
  const groups = groupsOf(raw, host)
  const origins = new Map<string, Origin[]>()
  for (const said of spoken(raw, host, groups)) {
    const key = placeKey(said.path)
    const origin: Origin = {
      layer: said.layer,
      value: said.value,
      path: said.at,
      where: whereOf(said.layer === 'top' ? raw.filePlaces : raw.places, said.at),
    }
    origins.set(key, [...(origins.get(key) ?? []), origin])
  }
  const present = layersOf(raw, host, groups).some(({ section }) => 'lab' in section)
  let settings: unknown = present ? { lab: {} } : {}
  for (const [key, [strongest]] of origins) settings = withValue(settings, key.split('\0'), strongest?.value)
  return { name: host, settings: settings as Data, groups, origins, problems: conflicts(raw, host, origins) }
}

/** Everything that is said about a host, strongest first. */
function spoken(raw: Raw, host: string, groups: readonly string[]): readonly Said[] {
  const all = layersOf(raw, host, groups).flatMap(({ layer, section, base }) =>
    leaves(section).map((leaf): Said => {
      const at = [...base, ...leaf.path]
      const own = layer === 'host' && raw.places.get(placeKey(at))?.value.source.file === '--set'
      return { ...leaf, at, layer: own ? '--set for this host' : layer }
    }),
  )
  const first = all.filter((said) => said.layer === '--set for this host')
  return [...first, ...all.filter((said) => said.layer !== '--set for this host')]
}

function layersOf(
  raw: Raw,
  host: string,
  groups: readonly string[],
): readonly { layer: Layer; section: Data; base: readonly string[] }[] {
  const fromCommandLine = raw.settings
    .filter((setting) => (layered as readonly string[]).includes(setting.path[0] ?? ''))
    .reduce<unknown>((data, setting) => withValue(data, setting.path, setting.value), {})
  return [
    { layer: '--set', section: fromCommandLine as Data, base: [] },
    { layer: 'host', section: mapAt(raw.data, 'hosts', host), base: ['hosts', host] },
    ...groups.map((group) => ({
      layer: `group ${group}` as const,
      section: mapAt(raw.data, 'groups', group),
      base: ['groups', group],
    })),
    { layer: 'top', section: raw.file, base: [] },
  ]
}

export function whereOf(places: ReadonlyMap<string, Place>, path: readonly string[]): string {
  const place = places.get(placeKey(path))
  if (!place) return ''
  const { source, start } = place.value
  return source.file === '--set' ? `--set ${source.text}` : source.where(start)
}

/** Two groups that disagree, where nothing stronger decides. */
function conflicts(raw: Raw, host: string, origins: ReadonlyMap<string, readonly Origin[]>): readonly Problem[] {
  return [...origins].flatMap(([key, said]) => {
    const [first] = said
    if (!first?.layer.startsWith('group ')) return []
    const other = said.find(
      (one) => one.layer.startsWith('group ') && JSON.stringify(one.value) !== JSON.stringify(first.value),
    )
    if (!other) return []
    const name = pathText(key.split('\0'))
    const [earlier, later] = [first, other].sort((a, b) => offset(raw, a) - offset(raw, b))
    const spot = raw.places.get(placeKey(later?.path ?? []))?.key
    if (!spot || !earlier || !later) return []
    const against = `${earlier.layer} sets it otherwise at ${earlier.where}`
    const what = `${later.layer} sets ${name} for host ${shown(host)}, and ${against}`
    return [{ what, fix: `set ${name} for host ${host} itself, or in one of the two groups only`, spot }]
  })
}

function offset(raw: Raw, origin: Origin): number {
  return raw.places.get(placeKey(origin.path))?.value.start ?? 0
}
