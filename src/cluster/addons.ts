import { isDeepStrictEqual } from 'node:util'
import { parseAllDocuments } from 'yaml'
import { InputError } from '../core/errors.ts'
import { BUILT_IN, groupOf, type KubeObject, kubeName } from '../facts/kube-object.ts'
import { linesOf, recordObject } from '../facts/object-record.ts'
import type { Addon } from '../inventory/inventory.ts'

/** Text of an add-on, and where it came from. */
export interface AddonText {
  readonly from: string
  readonly text: string
}

/** An add-on whose objects are known. */
export interface ReadAddon extends Pick<Addon, 'name' | 'wait' | 'prune'> {
  readonly objects: readonly KubeObject[]
}

/** Where it stands which objects of add-ons are to be deleted once they are no longer wanted. */
export const ADDON_RECORD = { namespace: 'kube-system', name: 'provision-addons' } as const

/** With them goes what others made: they are never deleted for not being named any more. */
const KEPT: readonly string[] = ['Namespace', 'CustomResourceDefinition']

/** Built-in kinds that are in no namespace. Source: `kubectl api-resources --namespaced=false`, Kubernetes 1.36. */
const WITHOUT_NAMESPACE: ReadonlySet<string> = new Set([
  ...[
    'Namespace',
    'Node',
    'PersistentVolume',
    'APIService',
    'CustomResourceDefinition',
    'RuntimeClass',
    'PriorityClass',
  ],
  ...['ClusterRole', 'ClusterRoleBinding', 'StorageClass', 'CSIDriver', 'CSINode', 'VolumeAttachment', 'IngressClass'],
  ...['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration', 'ValidatingAdmissionPolicy'],
  ...['ValidatingAdmissionPolicyBinding', 'MutatingAdmissionPolicy', 'MutatingAdmissionPolicyBinding'],
  ...['CertificateSigningRequest', 'FlowSchema', 'PriorityLevelConfiguration', 'VolumeAttributesClass'],
  ...['DeviceClass', 'ResourceSlice', 'ClusterTrustBundle', 'ServiceCIDR', 'IPAddress'],
])

/** The objects of an add-on, as the API server will name them. @throws InputError naming file and document */
export function addonObjects(name: string, texts: readonly AddonText[]): readonly KubeObject[] {
  const read = texts.flatMap(({ from, text }) => documentsOf(from, text))
  const objects = withNamespaces(read)
  if (objects.length === 0)
    throw new InputError({ what: `add-on ${name} has no objects`, where: texts[0]?.from ?? name })
  const seen = new Set<string>()
  for (const [line] of objects.map((object) => linesOf([object]))) {
    if (line !== undefined && seen.has(line))
      throw new InputError({
        what: `add-on ${name} has ${line} twice`,
        where: texts[0]?.from ?? name,
        fix: 'delete one of the two',
      })
    seen.add(line ?? '')
  }
  return objects
}

function documentsOf(from: string, text: string): readonly KubeObject[] {
  const documents = parseAllDocuments(text)
  if (!Array.isArray(documents)) return []
  return documents.flatMap((document, i) => {
    const where = `${from}, document ${i + 1}`
    const [error] = document.errors
    if (error) throw new InputError({ what: `it is not YAML: ${error.message.split('\n')[0]}`, where })
    const value: unknown = document.toJS()
    return value === null || value === undefined ? [] : objectsIn(value, where)
  })
}

/** A List stands for its items. */
function objectsIn(value: unknown, where: string): readonly KubeObject[] {
  const { apiVersion, kind, metadata, items } = (typeof value === 'object' ? value : {}) as Partial<KubeObject>
  if (typeof kind === 'string' && kind.endsWith('List') && Array.isArray(items))
    return items.flatMap((item: unknown) => objectsIn(item, where))
  const lacking = [
    ...(typeof apiVersion === 'string' ? [] : ['apiVersion']),
    ...(typeof kind === 'string' ? [] : ['kind']),
    ...(typeof metadata?.name === 'string' ? [] : ['metadata.name']),
  ]
  if (lacking.length === 0) return [value as KubeObject]
  const why =
    metadata && 'generateName' in metadata ? 'a name the API server makes up is another one each time' : undefined
  const fix = 'write one: an object that has all three is the same one in the next run'
  throw new InputError({
    what: `an object has no ${lacking.join(', ')}`,
    where,
    fix,
    ...(why === undefined ? {} : { why }),
  })
}

/** Where a namespace is left out kubectl takes `default`; what is in none must not get one. */
function withNamespaces(objects: readonly KubeObject[]): readonly KubeObject[] {
  const own = new Map(objects.filter(({ kind }) => kind === 'CustomResourceDefinition').map(scopeOf))
  return objects.map((object) => {
    const { apiVersion, kind, metadata } = object
    const group = groupOf(apiVersion)
    const isNamespaced = BUILT_IN.test(apiVersion)
      ? !WITHOUT_NAMESPACE.has(kind)
      : own.get(`${group} ${kind}`) === 'Namespaced'
    if (metadata.namespace !== undefined || !isNamespaced) return object
    return { ...object, metadata: { ...metadata, namespace: 'default' } }
  })
}

function scopeOf({ spec }: KubeObject): readonly [string, string] {
  const { group, scope, names } = (spec ?? {}) as { group?: string; scope?: string; names?: { kind?: string } }
  return [`${group} ${names?.kind}`, scope ?? '']
}

/** What others of the add-on stand on, and they: an object of a kind is refused before its kind is served. */
export function addonTurns({ objects }: ReadAddon): {
  readonly base: readonly KubeObject[]
  readonly rest: readonly KubeObject[]
} {
  const isBase = ({ kind }: KubeObject) => KEPT.includes(kind)
  return { base: objects.filter(isBase), rest: objects.filter((object) => !isBase(object)) }
}

/** Lines of what must not be deleted. */
export function addonLines(addons: readonly ReadAddon[]): readonly string[] {
  return addons.flatMap(({ objects }) => linesOf(objects))
}

/** Applied before the objects: a run that is cut off leaves nothing in the cluster that is not in it. */
export function addonRecord(addons: readonly ReadAddon[]): KubeObject {
  const pruned = addons.filter(({ prune }) => prune).flatMap(({ objects }) => objects)
  return recordObject(ADDON_RECORD, linesOf(pruned.filter(({ kind }) => !KEPT.includes(kind))))
}

/** An object two add-ons have would be taken from one by the other. @throws InputError */
export function refuseShared(addons: readonly ReadAddon[]): void {
  const owners = new Map<string, { readonly name: string; readonly object: KubeObject }>()
  for (const { name, objects } of addons) {
    for (const object of objects) {
      const [line = ''] = linesOf([object])
      const other = owners.get(line)
      // Several may be in one namespace, and say the same of it.
      const isShared = object.kind === 'Namespace' && isDeepStrictEqual(object, other?.object)
      if (other !== undefined && !isShared)
        throw new InputError({
          what: `${kubeName(object)} is in add-on ${other.name} and in ${name}`,
          where: 'addons',
          fix: 'leave it in one of them',
        })
      owners.set(line, { name, object })
    }
  }
}
