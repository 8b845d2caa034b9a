import type { KubeObject } from '../facts/kube-object.ts'

/**
 * An upstream object without what the API server never keeps: what says the same as leaving it out,
 * and the status of a definition, which is the server's own. As long as these stand in what is wanted, nothing but a question to
 * the server can tell that nothing moved (`resources/applied.ts`).
 */
export function asStored(object: KubeObject): KubeObject {
  return object.kind === 'CustomResourceDefinition' ? storedDefinition(object) : (withoutEmpty(object) as KubeObject)
}

/** `preserveUnknownFields` is a field of v1beta1; v1 takes `false` only, and drops it. */
function storedDefinition({ status: _status, ...object }: KubeObject): KubeObject {
  const { preserveUnknownFields, ...spec } = (object.spec ?? {}) as Readonly<Record<string, unknown>>
  return { ...object, spec: preserveUnknownFields === false ? spec : object.spec } as KubeObject
}

/** What stands for nothing: `readOnly: false` of a mounted volume, the empty value of a variable, a check that begins at once. */
function isNothing(object: object, key: string, value: unknown): boolean {
  if (value === null) return true
  if (key === 'readOnly') return value === false && 'mountPath' in object
  if (key === 'value') return value === '' && 'name' in object
  return key === 'initialDelaySeconds' && value === 0
}

function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmpty)
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).filter(([key, inner]) => !isNothing(value, key, inner))
  return Object.fromEntries(
    kept.map(([key, inner]) => [key, QUANTITIES.includes(key) ? texts(inner) : withoutEmpty(inner)]),
  )
}

/** Of a container: a number in them is kept as text. */
const QUANTITIES = ['limits', 'requests']

function texts(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, typeof inner === 'number' ? String(inner) : inner]),
  )
}
