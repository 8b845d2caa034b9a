import { isDeepStrictEqual } from 'node:util'
import type { KubeObject } from '../facts/kube-object.ts'

/**
 * Whether an object in the cluster is surely what a server-side apply of `wanted` by `manager` would make of it: every value
 * we want is there, and of all its fields our manager owns none that we no longer want. The API server records the owner of
 * every field and takes it from us when another client changes the value, so nothing else can have moved
 * (https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management). `false` says nothing: the server
 * writes some values in another way than we do, and only it can tell then.
 */
export function isApplied(wanted: KubeObject, live: KubeObject, manager: string): boolean {
  const owned = ownedFields(live, manager) ?? (isBare(wanted) ? {} : undefined)
  return owned !== undefined && holds(wanted, live) && within(owned, wanted)
}

function ownedFields({ metadata: { managedFields } }: KubeObject, manager: string): unknown {
  if (!Array.isArray(managedFields)) return undefined
  const ours = managedFields.filter(
    (entry) => isRecord(entry) && entry.manager === manager && entry.operation === 'Apply' && !entry.subresource,
  )
  return ours.length === 1 ? ours[0].fieldsV1 : undefined
}

/** Of an object that has nothing but a name there is no field to own, and the server keeps no record of the apply. */
function isBare({ apiVersion: _version, kind: _kind, metadata, ...rest }: KubeObject): boolean {
  const { name: _name, namespace: _namespace, ...said } = metadata
  return Object.keys(said).length === 0 && Object.keys(rest).length === 0
}

/** Whether everything in `wanted` is in `live`. Lists must be equally long: of a longer one the owner of the rest is not known. */
function holds(wanted: unknown, live: unknown): boolean {
  if (Array.isArray(wanted)) {
    return Array.isArray(live) && live.length === wanted.length && wanted.every((item, i) => holds(item, live[i]))
  }
  if (isRecord(wanted)) return isRecord(live) && Object.entries(wanted).every(([key, value]) => holds(value, live[key]))
  return wanted === live
}

/**
 * Whether every field of a `fieldsV1` set is one of `wanted`. Its keys: `f:NAME` a field, `k:{…}` the item of a list with these
 * values, `v:…` a value of a list, `i:N` an item by place, `.` the thing itself.
 */
function within(fields: unknown, wanted: unknown): boolean {
  if (!isRecord(fields)) return false
  return Object.entries(fields).every(([key, below]) => {
    if (key === '.') return true
    const part = partOf(key, wanted)
    return part !== undefined && (isRecord(below) && Object.keys(below).length === 0 ? true : within(below, part))
  })
}

function partOf(key: string, wanted: unknown): unknown {
  const [kind, name] = [key.slice(0, 2), key.slice(2)]
  if (kind === 'f:') return isRecord(wanted) ? wanted[name] : undefined
  if (!Array.isArray(wanted)) return undefined
  if (kind === 'i:') return wanted[Number(name)]
  const named: unknown = JSON.parse(name)
  if (kind === 'v:') return wanted.find((item) => isDeepStrictEqual(item, named))
  if (!isRecord(named)) return undefined
  const items = wanted.filter(isRecord)
  return items.find((item) => hasKeys(item, named)) ?? items.find((item) => mayHaveKeys(item, named))
}

function hasKeys(item: Record<string, unknown>, keys: Record<string, unknown>): boolean {
  return Object.entries(keys).every(([key, value]) => item[key] === value)
}

/** A key that the item leaves out has the server's default in the set. */
function mayHaveKeys(item: Record<string, unknown>, keys: Record<string, unknown>): boolean {
  return Object.entries(keys).every(([key, value]) => item[key] === undefined || item[key] === value)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
