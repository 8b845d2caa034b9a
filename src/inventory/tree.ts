import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type ParsedNode,
  parseDocument,
  type Scalar,
  type YAMLMap,
} from 'yaml'
import type { Problem, Spot } from './problem.ts'
import { Source, shown } from './source.ts'
import { syntaxProblems } from './syntax.ts'
import { hostileText, limits } from './tokens.ts'

/** Where a value stands. */
export interface Place {
  readonly key?: Spot
  readonly value: Spot
  /** A plain scalar as it was typed: `1.30`, not 1.3. */
  readonly typed?: string
}

export type Path = readonly (string | number)[]

/** A YAML text as plain data, with the place of everything in it. */
export interface Tree {
  readonly source: Source
  readonly value: unknown
  readonly places: ReadonlyMap<string, Place>
  readonly problems: readonly Problem[]
}

export const placeKey = (path: Path): string => path.join('\0')

interface Reading {
  readonly source: Source
  readonly places: Map<string, Place>
  readonly problems: Problem[]
  readonly anchors: Map<string, unknown>
  readonly open: Set<unknown>
  values: number
}

/** A reading that cannot go on. */
class Stop extends Error {}

/** Reads a text into data. Never throws for what the text holds: see `problems`. */
export function readTree(file: string, given: string): Tree {
  const source = new Source(file, given.startsWith('\uFEFF') ? given.slice(1) : given)
  const hostile = hostileText(source)
  if (hostile.length > 0) return { source, value: undefined, places: new Map(), problems: hostile }
  const document = parseDocument(source.text, {
    version: '1.2',
    schema: 'core',
    prettyErrors: false,
    uniqueKeys: false, // ours below: theirs is quadratic, and cannot name the first of the two
    logLevel: 'error', // 'silent' would also hide a second document
  })
  const problems = syntaxProblems(source, document)
  if (problems.length > 0) return { source, value: undefined, places: new Map(), problems }
  return readDocument(source, document)
}

function readDocument(source: Source, document: Document.Parsed): Tree {
  const reading: Reading = { source, places: new Map(), problems: [], anchors: new Map(), open: new Set(), values: 0 }
  let value: unknown
  try {
    value = readNode(document.contents, [], reading)
  } catch (error) {
    if (!(error instanceof Stop)) throw error
  }
  return { source, value, places: reading.places, problems: reading.problems }
}

function spotOf(node: { range?: readonly number[] | null } | null | undefined, reading: Reading): Spot {
  const [start = 0, end = start] = node?.range ?? []
  return { source: reading.source, start, end: Math.max(end, start + 1) }
}

function report(reading: Reading, spot: Spot, what: string, fix?: string): void {
  reading.problems.push({ what, ...(fix === undefined ? {} : { fix }), spot })
}

function readNode(node: unknown, path: Path, reading: Reading): unknown {
  if (++reading.values > limits.values) {
    report(
      reading,
      spotOf(node as ParsedNode, reading),
      `more than ${limits.values} values once every *alias is written out`,
      'use groups instead of aliases',
    )
    throw new Stop()
  }
  const spot = spotOf(node as ParsedNode, reading)
  const known = reading.places.get(placeKey(path))
  reading.places.set(placeKey(path), { ...(known?.key ? { key: known.key } : {}), value: spot, ...typedText(node) })
  if (path.length > limits.depth) {
    report(reading, spot, `nested more than ${limits.depth} deep`, 'an inventory needs no more than ten levels')
    throw new Stop()
  }
  if (isAlias(node)) return readAlias(node.source, spot, path, reading)
  if (isScalar(node)) {
    if (node.anchor) reading.anchors.set(node.anchor, node)
    return readScalar(node, spot, reading)
  }
  return readCollection(node, path, reading)
}

function readCollection(node: unknown, path: Path, reading: Reading): unknown {
  if (!isMap(node) && !isSeq(node)) return null
  if (node.anchor) reading.anchors.set(node.anchor, node)
  reading.open.add(node)
  const value = isMap(node)
    ? readMap(node, path, reading)
    : node.items.map((item, index) => readNode(item, [...path, index], reading))
  reading.open.delete(node)
  return value
}

function readAlias(name: string, spot: Spot, path: Path, reading: Reading): unknown {
  const target = reading.anchors.get(name)
  if (target === undefined) {
    report(
      reading,
      spot,
      'this *alias refers to nothing: its &name does not stand above',
      'write &name before the value it stands for, or put a text that begins with * in quotes',
    )
    return null
  }
  if (reading.open.has(target)) {
    report(
      reading,
      spot,
      'this *alias stands inside the value it refers to',
      'refer to a value that ends before this line',
    )
    throw new Stop()
  }
  const value = readNode(target, path, reading)
  const place = reading.places.get(placeKey(path))
  if (place) reading.places.set(placeKey(path), { ...place, value: spot })
  return value
}

const reservedKeys = new Set(['__proto__', 'constructor', 'prototype'])

function readMap(map: YAMLMap, path: Path, reading: Reading): Record<string, unknown> {
  const value: Record<string, unknown> = {}
  const merges = map.items.filter((pair) => isMergeKey(pair.key))
  for (const pair of merges)
    for (const part of mergeParts(pair.value).toReversed()) Object.assign(value, readMerged(part, path, reading))
  const seen = new Map<string, Spot>()
  for (const pair of map.items) {
    if (isMergeKey(pair.key)) continue
    const key = readKey(pair.key, reading)
    if (key === undefined) continue
    const spot = spotOf(pair.key as ParsedNode, reading)
    const first = seen.get(key)
    if (first) {
      const where = `line ${reading.source.lineOf(first.start)}`
      report(reading, spot, `${shown(key)} stands here a second time, after ${where}`, 'keep one of the two')
      continue
    }
    seen.set(key, spot)
    const at = [...path, key]
    reading.places.set(placeKey(at), { key: spot, value: spot })
    value[key] = readNode(pair.value, at, reading)
  }
  return value
}

function isMergeKey(key: unknown): boolean {
  return isScalar(key) && key.type === 'PLAIN' && key.source === '<<'
}

function mergeParts(value: unknown): unknown[] {
  return isSeq(value) ? value.items : [value]
}

function readMerged(part: unknown, path: Path, reading: Reading): Record<string, unknown> {
  const place = reading.places.get(placeKey(path))
  const value = readNode(part, path, reading)
  if (place) reading.places.set(placeKey(path), place)
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  report(
    reading,
    spotOf(part as ParsedNode, reading),
    '<< merges maps, and this is none',
    'write <<: *NAME, where &NAME marks a map',
  )
  return {}
}

function readKey(key: unknown, reading: Reading): string | undefined {
  const spot = spotOf(key as ParsedNode, reading)
  const text = isScalar(key) ? (typeof key.value === 'string' ? key.value : (key.source ?? '')) : undefined
  if (text === undefined || text === '') {
    report(reading, spot, 'here a name is missing before the colon', 'write a name, or put the text in quotes')
    return undefined
  }
  if (reservedKeys.has(text)) {
    report(reading, spot, `"${text}" cannot be a name here`, 'choose another name')
    return undefined
  }
  return text
}

function typedText(node: unknown): { typed?: string } {
  return isScalar(node) && node.type === 'PLAIN' && node.source !== undefined ? { typed: node.source } : {}
}

/** Numbers that lose what was typed are refused everywhere: no later check could see it. */
function readScalar(node: Scalar, spot: Spot, reading: Reading): unknown {
  const { value } = node
  const typed = node.type === 'PLAIN' ? (node.source ?? '') : ''
  if (typeof value === 'number') {
    const quoted = `write "${typed}" in quotes if it is text`
    if (/^[-+]?0[0-9]+$/.test(typed))
      report(
        reading,
        spot,
        `${typed} would be read as the number ${value}`,
        `${quoted}, 0o${typed.replace(/^0+/, '')} if it is octal`,
      )
    else if (/\.[0-9]*0$/.test(typed)) report(reading, spot, `${typed} would be read as the number ${value}`, quoted)
    else if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value))) {
      report(reading, spot, `${typed} is too large for a number`, quoted)
    }
  }
  if (typeof value === 'string' && value.includes('\0'))
    report(reading, spot, 'this text has a NUL character in it', 'delete the \\0')
  return value
}
