import { type KubeObject, type KubeRef, OUR_LABEL, refOf } from './kube-object.ts'

/** A line of a record of what we applied: `apps/v1 Deployment shop/frontend`; `v1 Namespace shop`. */
export function recordLine({ apiVersion, kind, namespace, name }: KubeRef): string {
  return `${apiVersion} ${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`
}

/** The object such a line names; undefined: it is none. */
export function readRecordLine(line: string): KubeRef | undefined {
  const [, apiVersion, kind, namespace, name] = LINE.exec(line) ?? []
  if (apiVersion === undefined || kind === undefined || name === undefined) return undefined
  return { apiVersion, kind, ...(namespace === undefined ? {} : { namespace }), name }
}

/** Names of roles may hold colons. */
const LINE =
  /^((?:[a-z0-9][-a-z0-9.]*\/)?v[a-z0-9]+) ([A-Za-z][A-Za-z0-9]*) (?:([a-z0-9][-a-z0-9]{0,62})\/)?([A-Za-z0-9][-A-Za-z0-9_.:]{0,252})$/

/** ConfigMap that names what we applied: what is in it and no longer wanted is deleted. */
export function recordObject(
  place: { readonly namespace: string; readonly name: string },
  lines: readonly string[],
): KubeObject {
  const labels = OUR_LABEL
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: place.name, namespace: place.namespace, labels },
    data: { objects: lines.join('\n') },
  }
}

/**
 * The same objects, their record naming beside them what the living one names: until that is deleted it stays named, though a run is
 * cut off. `removedObjects` trims it.
 */
export function withLivingLines(objects: readonly KubeObject[], live: readonly KubeObject[]): readonly KubeObject[] {
  return objects.map((object) => {
    const { kind, metadata, data } = object
    const living = live.find((one) => one.kind === kind && isSame(one.metadata, metadata))
    const named = kind === 'ConfigMap' && isRecord(data) && isRecord(living?.data)
    if (!named) return object
    const lines = [data, living?.data as { readonly objects: string }].flatMap((one) => one.objects.split('\n'))
    return { ...object, data: { ...data, objects: [...new Set(lines)].filter((line) => line !== '').join('\n') } }
  })
}

function isSame(a: KubeObject['metadata'], b: KubeObject['metadata']): boolean {
  return a.name === b.name && a.namespace === b.namespace
}

function isRecord(data: unknown): data is { readonly objects: string } {
  return typeof (data as { readonly objects?: unknown } | undefined)?.objects === 'string'
}

export function linesOf(objects: readonly KubeObject[]): readonly string[] {
  return objects.map((object) => recordLine(refOf(object)))
}
