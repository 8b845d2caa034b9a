import type { z } from 'zod'
import { foreignKey, valueHint } from './hints.ts'
import { keyPaths, keysAt, schemaAt, wordsAt } from './json-schema.ts'
import { pathText } from './layers.ts'
import { didYouMean } from './nearest.ts'
import type { Problem, Spot } from './problem.ts'
import { isSecretKey } from './secret-mask.ts'
import { shown, visible } from './source.ts'
import { type Path, type Place, placeKey } from './tree.ts'

type Issue = z.core.$ZodIssue

/** What an issue is reported against: the data, and where each value of it stands. */
export interface Checked {
  readonly value: unknown
  readonly places: ReadonlyMap<string, Place>
  /** Where a problem of the whole file is shown. */
  readonly root: Spot
}

/** Turns what zod found into sentences with a place, a value and a way out. */
export function problemsOf(issues: readonly Issue[], checked: Checked): readonly Problem[] {
  return issues.flatMap((issue) => problemOf(issue, issue.path.map(pathPart), checked))
}

const pathPart = (part: PropertyKey): string | number => (typeof part === 'number' ? part : String(part))

function problemOf(issue: Issue, path: Path, checked: Checked): readonly Problem[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key, index) => unknownKey(key, path, checked, index < advised))
  if (issue.code === 'invalid_key') {
    const key = String(path.at(-1))
    const what = `the name ${shown(key)} in ${pathText(path.slice(0, -1))} must be ${issue.issues[0]?.message}`
    const fix = commaFix(key, path, checked)
    return [{ what, ...(fix === undefined ? {} : { fix }), spot: keySpot(path, checked) }]
  }
  const value = valueAt(checked.value, path)
  if (value === undefined) return [missingKey(path, issue, checked)]
  if (issue.code === 'invalid_union' && typeof value === 'object' && value !== null) {
    const branch = closestBranch(issue.errors)
    if (branch) return branch.flatMap((inner) => problemOf(inner, [...path, ...inner.path.map(pathPart)], checked))
  }
  return [wrongValue(issue, path, value, checked)]
}

/** The alternative of a union that was clearly meant: of the right kind, and with fewer issues than every other. */
function closestBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const sameKind = branches.filter(
    (issues) =>
      !issues.some((issue) => issue.path.length === 0 && ['invalid_type', 'invalid_value'].includes(issue.code)),
  )
  const sorted = sameKind.toSorted((a, b) => a.length - b.length)
  const [first, second] = sorted
  return first && (!second || first.length < second.length) ? first : undefined
}

/** Unknown keys of one map that get a suggestion; of more nobody reads it, and each costs time. */
const advised = 100

function unknownKey(key: string, path: Path, checked: Checked, advise: boolean): Problem {
  const inside = path.length === 0 ? 'at the top of an inventory' : `in ${pathText(path)}`
  const fix = advise ? (commaFix(key, [...path, key], checked) ?? keyFix(key, path)) : undefined
  return {
    what: `unknown key ${shown(key)} ${inside}`,
    ...(fix === undefined ? {} : { fix }),
    spot: keySpot([...path, key], checked),
  }
}

function keyFix(key: string, path: Path): string | undefined {
  const keys = keysAt(path)
  const list = keys.length > 0 && keys.length <= 16 ? `known here: ${keys.join(', ')}` : undefined
  return didYouMean(key, keys) ?? elsewhere(key, path) ?? list
}

/** `{reason: slow, but known}` has a second key that nobody meant. */
function commaFix(key: string, path: Path, checked: Checked): string | undefined {
  if (!key.includes(' ') || valueAt(checked.value, path) !== null) return undefined
  return 'inside of { } and [ ] a comma begins the next entry: put a text with a comma in quotes'
}

/** A key that exists, but not here. */
function elsewhere(key: string, path: Path): string | undefined {
  const there = foreignKey(key)
  if (there) return there
  const places = keyPaths().filter((one) => one.at(-1) === key)
  const host = path[0] === 'hosts' || path[0] === 'groups'
  const best = places.find((one) => one[0] === (host ? path[0] : one[0])) ?? places[0]
  if (!best) return undefined
  const below = host && best[0] === path[0] ? best.slice(2) : best
  return `that belongs to ${below.map((part) => (part === '*' ? 'NAME' : part)).join('.')}`
}

function missingKey(path: Path, issue: Issue, checked: Checked): Problem {
  const key = String(path.at(-1) ?? '')
  const parent = path.slice(0, -1)
  const inside = parent.length === 0 ? 'at the top of the inventory' : `in ${pathText(parent)}`
  const description = schemaAt(path)[0]?.description ?? issue.message
  const fix = examples[key] ?? `add ${key}: ${description}`
  const spot = parent.length === 0 ? checked.root : keySpot(parent, checked)
  return { what: `${shown(key)} is missing ${inside}`, fix, spot: { ...spot, end: spot.start } }
}

const examples: Readonly<Record<string, string>> = {
  name: 'name the cluster, for instance  name: lab',
  kubernetes: 'say which version, for instance  kubernetes: {version: "1.36.3"}',
  version: 'say which version, for instance  version: "1.36.3"',
  hosts: 'name the machines, for instance  hosts: {node1: {address: 10.0.0.11, roles: [control-plane, worker]}}',
  roles: 'say what the machine is for, for instance  roles: [control-plane, worker]',
}

const references = '{env: NAME}, {file: PATH} or {command: [PROGRAM, ARGUMENT]}'

function wrongValue(issue: Issue, path: Path, value: unknown, checked: Checked): Problem {
  const place = checked.places.get(placeKey(path))
  const spot = place?.value ?? checked.root
  const name = path.length === 0 ? 'the inventory' : pathText(path)
  if (path.some(isSecretKey)) return wrongSecret(issue, path, value, spot)
  if (value === null) {
    const what = `${name} is empty: nothing follows the colon`
    return {
      what,
      fix: 'write the value, indented if it goes on the next line, or delete the key',
      spot: place?.key ?? spot,
    }
  }
  const typed = place?.typed ?? ''
  const hint = valueHint(path, value, typed)
  const what = hint?.what ?? `${name} is ${shownValue(value, typed)}, but must be ${wanted(issue, path)}`
  const fix = hint?.fix ?? valueFix(path, value, typed)
  return { what, ...(fix === undefined ? {} : { fix }), spot }
}

/** Says nothing of the value: it may be the secret. */
function wrongSecret(issue: Issue, path: Path, value: unknown, spot: Spot): Problem {
  const name = pathText(path)
  const places = ['env', 'file', 'command']
  const keys = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : []
  const fix = `write ${references}`
  if (value === null) return { what: `${name} is empty: nothing follows the colon`, fix, spot }
  if (path.slice(0, -1).some(isSecretKey)) return { what: `${name} must be ${wanted(issue, path)}`, fix, spot }
  if (keys.length === 0) {
    return {
      what: `${name} must be a reference to a secret, not the secret itself`,
      fix: `keep the secret elsewhere and ${fix}`,
      spot,
    }
  }
  const unknown = keys.find((key) => !places.includes(key))
  if (unknown === undefined) {
    return { what: `${name} names ${keys.length} places: ${keys.join(', ')}`, fix: 'keep one', spot }
  }
  // In `{hunter2: }` the key is the secret: it is shown only where it looks like one of ours.
  const meant = didYouMean(unknown, places)
  const what = meant ? `${name} has an unknown key ${shown(unknown)}` : `${name} is a map, but no reference to a secret`
  return { what, fix: meant ?? fix, spot }
}

function wanted(issue: Issue, path: Path): string {
  if (issue.code === 'invalid_value') return oneOf(wordsAt(path))
  if (issue.code === 'invalid_type' && issue.message.startsWith('Invalid input'))
    return kinds[issue.expected] ?? `a ${issue.expected}`
  if (issue.code === 'invalid_type' && issue.expected === 'object') return kinds.object ?? ''
  return issue.message
}

const kinds: Readonly<Record<string, string>> = {
  object: 'a map: key: value lines',
  record: 'a map: key: value lines',
  array: 'a list: [one, two]',
  string: 'text',
  boolean: 'true or false',
  int: 'a whole number',
}

function oneOf(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
}

function valueFix(path: Path, value: unknown, typed: string): string | undefined {
  const types = schemaAt(path).map((schema) => schema.type)
  if (typeof value === 'string')
    return didYouMean(value, wordsAt(path)) ?? (types.includes('array') ? `a list: [${visible(value)}]` : undefined)
  if (
    (typeof value === 'number' || typeof value === 'boolean') &&
    types.includes('string') &&
    !types.some((type) => type === 'integer' || type === 'number')
  )
    return `write it in quotes: "${typed}"`
  return undefined
}

function keySpot(path: Path, checked: Checked): Spot {
  const place = checked.places.get(placeKey(path))
  return place?.key ?? place?.value ?? checked.root
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((inner, key) => {
    if (typeof inner !== 'object' || inner === null || !Object.hasOwn(inner, key)) return undefined
    return (inner as Record<string | number, unknown>)[key]
  }, value)
}

function shownValue(value: unknown, typed: string): string {
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (typeof value === 'object') return 'a map'
  return typeof value === 'string' ? shown(value) : visible(typed || String(value))
}
