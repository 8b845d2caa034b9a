import { schemaAt } from './json-schema.ts'
import type { Problem } from './problem.ts'
import { Source, shown } from './source.ts'
import { type Path, type Place, placeKey, readTree } from './tree.ts'

/** One `--set PATH=VALUE` of the command line. */
export interface Setting {
  readonly path: readonly string[]
  readonly value: unknown
  readonly places: ReadonlyMap<string, Place>
  readonly source: Source
}

/** Reads `--set` arguments. The value is YAML, and plain text wherever the inventory wants text: `kubernetes.version=1.36.3`. */
export function readSettings(texts: readonly string[]): {
  readonly settings: readonly Setting[]
  readonly problems: readonly Problem[]
} {
  const results = texts.map(readSetting)
  return {
    settings: results.flatMap((result) => ('setting' in result ? [result.setting] : [])),
    problems: results.flatMap((result) => ('problems' in result ? result.problems : [])),
  }
}

function readSetting(text: string, index: number): { setting: Setting } | { problems: readonly Problem[] } {
  const source = new Source('--set', text, index + 1)
  const spot = { source, start: 0, end: Math.max(1, text.length) }
  const match = /^((?:[A-Za-z0-9_/-]+|"[^"\n]+")(?:\.(?:[A-Za-z0-9_/-]+|"[^"\n]+"))*)=/.exec(text)
  if (!match?.[1]) {
    const fix =
      'write PATH=VALUE, for instance  --set ssh.user=root ; a name with dots goes in quotes: kernel.sysctl."vm.swappiness"=10'
    return { problems: [{ what: `${shown(text)} is no setting`, fix, spot }] }
  }
  const path = [...match[1].matchAll(/"([^"]+)"|[A-Za-z0-9_/-]+/g)].map((part) => part[1] ?? part[0])
  const reserved = path.find((part) => ['__proto__', 'constructor', 'prototype'].includes(part))
  if (reserved !== undefined)
    return { problems: [{ what: `"${reserved}" cannot be a name here`, fix: 'choose another name', spot }] }
  return readValue(source, path, match[0].length)
}

function readValue(
  source: Source,
  path: readonly string[],
  start: number,
): { setting: Setting } | { problems: readonly Problem[] } {
  const text = source.text.slice(start)
  const spot = { source, start, end: Math.max(start + 1, source.text.length) }
  const schemas = schemaAt(path)
  const places = new Map<string, Place>()
  if (schemas.length > 0 && schemas.every((schema) => schema.type === 'string') && !/^["']/.test(text)) {
    places.set(placeKey(path), { key: spot, value: spot, typed: text })
    return { setting: { path, value: text, places, source } }
  }
  const tree = readTree('--set', text)
  const shift = (problem: Problem): Problem => ({
    ...problem,
    spot: { source, start: problem.spot.start + start, end: problem.spot.end + start },
  })
  if (tree.problems.length > 0) return { problems: tree.problems.map(shift) }
  for (const [key, place] of tree.places) {
    const at = key === '' ? path : [...path, ...key.split('\0')]
    places.set(placeKey(at), { ...place, key: spot, value: spot })
  }
  return { setting: { path, value: tree.value, places, source } }
}

/** A copy of the data with a value put at a path; what stands in the way is replaced. */
export function withValue(data: unknown, path: Path, value: unknown): unknown {
  const [key, ...rest] = path
  if (key === undefined) return value
  const map = typeof data === 'object' && data !== null && !Array.isArray(data) ? (data as Record<string, unknown>) : {}
  return { ...map, [key]: withValue(Object.hasOwn(map, key) ? map[key] : undefined, rest, value) }
}
