import { type Document, isMap, isNode, parseDocument } from 'yaml'
import type { Change } from '../core/change.ts'

/** Settings by name. `undefined` among those that are wanted: left to whoever has defaults, so not to be there. */
export type Settings = Readonly<Record<string, unknown>>

/**
 * Differences in what we want; what only the text has is left alone. Durations compare by length, not by spelling, and what
 * stands for nothing (`0s`, `""`) is as good as nothing.
 */
export function settingsChanges(wanted: Settings, have: unknown, path = ''): readonly Change[] {
  const held: Settings = isRecord(have) ? have : {}
  return Object.entries(wanted).flatMap(([key, value]) => {
    const name = path === '' ? key : `${path}.${key}`
    if (isRecord(value)) return settingsChanges(value, held[key], name)
    if (same(value, held[key])) return []
    return [{ what: name, from: text(held[key]), to: text(value) }]
  })
}

/** The YAML text, as Go writes it, with our settings in it; a comment, an order, a field of somebody else's stays. */
export function settledText(wanted: Settings, before: string): string {
  const document = parseDocument(before)
  put(document, [], wanted)
  const after = document.toString({ lineWidth: 0, indentSeq: false })
  return before.endsWith('\n') ? after : after.trimEnd()
}

type Path = readonly string[]

function put(document: Document, path: Path, wanted: Settings): void {
  for (const [key, value] of Object.entries(wanted)) {
    const at = [...path, key]
    if (isRecord(value) && isMap(document.getIn(at))) put(document, at, value)
    else if (isRecord(value) ? settingsChanges(value, undefined).length === 0 : same(value, plain(document, at)))
      continue
    else if (value === undefined) remove(document, at)
    else document.setIn(at, isRecord(value) ? document.createNode(value, { keepUndefined: false }) : value)
  }
}

/** And what it stood in alone. */
function remove(document: Document, path: Path): void {
  document.deleteIn(path)
  const outer = path.slice(0, -1)
  const left = outer.length > 0 ? document.getIn(outer) : undefined
  if (isMap(left) && left.items.length === 0) remove(document, outer)
}

function plain(document: Document, path: Path): unknown {
  const node = document.getIn(path)
  return isNode(node) ? node.toJSON() : node
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function same(a: unknown, b: unknown): boolean {
  if (isNothing(a) || isNothing(b)) return isNothing(a) && isNothing(b)
  if (typeof a === 'string' && typeof b === 'string') {
    const [seconds, others] = [goSeconds(a), goSeconds(b)]
    if (seconds !== undefined && others !== undefined) return seconds === others
  }
  return JSON.stringify(a) === JSON.stringify(b)
}

/** Go writes durations and texts that were never set as these. */
function isNothing(value: unknown): boolean {
  return value === undefined || value === null || value === '' || (typeof value === 'string' && goSeconds(value) === 0)
}

/** `1h2m3s` in seconds; undefined when it is no Go duration. */
function goSeconds(duration: string): number | undefined {
  if (!/^(\d+(\.\d+)?(h|m|s|ms))+$/.test(duration)) return undefined
  const unit: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1, ms: 0.001 }
  return [...duration.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)].reduce(
    (sum, [, n, u = 's']) => sum + Number(n) * (unit[u] ?? 1),
    0,
  )
}

function text(value: unknown): string {
  return value === undefined || value === null
    ? 'unset'
    : typeof value === 'string'
      ? value || '""'
      : JSON.stringify(value)
}
