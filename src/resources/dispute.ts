import type { Trouble } from '../core/errors.ts'
import { argv } from '../core/quote.ts'
import type { ApplyConflict } from '../facts/apply-conflict.ts'
import { type KubeObject, kubeArgument, kubeName, refOf } from '../facts/kube-object.ts'

/** One of `managedFields`. */
interface Entry {
  readonly manager: string
  readonly operation: string
  readonly fieldsV1?: object
}

/** Fields of one object that we want otherwise than somebody else set them. */
interface Dispute {
  readonly object: KubeObject
  /** Who set them, and its place in `managedFields`. */
  readonly other: Entry
  readonly place: number
  /** As the API server writes paths. */
  readonly fields: ReadonlySet<string>
}

/**
 * What to tell of a refused apply of ours: the server names fields and who set them, but not the objects; those say who owns
 * what. Nothing where no object does.
 */
export function disputed(
  conflicts: readonly ApplyConflict[],
  live: readonly KubeObject[],
  ours: string,
): Trouble | undefined {
  const disputes = live.flatMap((object) => disputesOf(object, conflicts))
  if (disputes.length === 0) return undefined
  return {
    what: disputes.map(said).join('; '),
    why: 'they were set after us, and the API server takes a field from nobody unasked',
    fix: ['set them there to what is wanted here, or let the next run take them over:']
      .concat(disputes.map((dispute) => takeOver(dispute, ours)))
      .join('\n'),
  }
}

function entriesOf({ metadata: { managedFields } }: KubeObject): readonly Entry[] {
  return Array.isArray(managedFields) ? managedFields : []
}

function disputesOf(object: KubeObject, conflicts: readonly ApplyConflict[]): readonly Dispute[] {
  return entriesOf(object).flatMap((other, place) => {
    const owned = new Set(pathsOf(other.fieldsV1))
    const theirs = conflicts.filter(({ manager, field }) => manager === other.manager && owned.has(field))
    const fields = new Set(theirs.map(({ field }) => field))
    return fields.size === 0 ? [] : [{ object, other, place, fields }]
  })
}

function said({ object, other, fields }: Dispute): string {
  return `${kubeName(object)}: "${other.manager}" set ${[...fields].join(', ')}, and not as wanted here`
}

/**
 * Only the record of who owns what is changed: values stay as they are until the next apply, which then meets no owner. Where
 * we own nothing of the object any more, the fields become ours, for an empty record counts as one of a stranger.
 */
function takeOver({ object, other, place, fields }: Dispute, ours: string): string {
  const path = `/metadata/managedFields/${place}`
  const isKnown = entriesOf(object).some(({ manager, operation }) => manager === ours && operation === 'Apply')
  const value = { ...other, manager: ours, operation: 'Apply', fieldsV1: only(fields, other.fieldsV1 ?? {}) }
  const patch = [
    { op: 'test', path: `${path}/manager`, value: other.manager },
    isKnown ? { op: 'remove', path } : { op: 'replace', path, value },
  ]
  const ref = refOf(object)
  const namespace = ref.namespace === undefined ? [] : ['-n', ref.namespace]
  return argv(['kubectl', ...namespace, 'patch', kubeArgument(ref), '--type=json', '-p', JSON.stringify(patch)])
}

/** Paths of a `fieldsV1` set: `f:NAME` a field, `k:{…}` the item of a list with these values, `v:…` a value of one, `i:N` by place. */
function pathsOf(fields: object | undefined, prefix = ''): readonly string[] {
  return Object.entries(fields ?? {}).flatMap(([key, below]: [string, object]) => {
    if (key === '.') return [prefix]
    const path = `${prefix}${element(key)}`
    return isLeaf(below) ? [path] : pathsOf(below, path)
  })
}

/** The part of a `fieldsV1` set that has these paths. */
function only(paths: ReadonlySet<string>, fields: object, prefix = ''): object {
  const kept = Object.entries(fields).flatMap(([key, below]: [string, object]) => {
    const path = key === '.' ? prefix : `${prefix}${element(key)}`
    if (isLeaf(below)) return paths.has(path) ? [[key, below] as const] : []
    const part = only(paths, below, path)
    return isLeaf(part) ? [] : [[key, part] as const]
  })
  return Object.fromEntries(kept)
}

function isLeaf(fields: object): boolean {
  return Object.keys(fields).length === 0
}

function element(key: string): string {
  const [kind, name] = [key.slice(0, 2), key.slice(2)]
  if (kind === 'f:') return `.${name}`
  if (kind === 'v:') return `[=${name}]`
  if (kind === 'i:') return `[${name}]`
  const keys = Object.entries(JSON.parse(name) as object)
  return `[${keys.map(([field, value]) => `${field}=${JSON.stringify(value)}`).join(',')}]`
}
