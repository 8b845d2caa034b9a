import type { Change } from '../core/change.ts'
import { type Answers, type AnyProbe, type Probe, probe } from '../core/fact.ts'
import { type Resource, type ResourceOptions, type ResourceType, resource } from '../core/resource.ts'
import type { Step } from '../core/step.ts'
import { type KubeRef, type KubeSeen, kubeObject, kubeProbe } from '../facts/kube-object.ts'
import { readRecordLine } from '../facts/object-record.ts'
import { deleteScript } from './kube-delete.ts'
import { kubeUnseen } from './kube-unseen.ts'

export interface RemovedObjectsWant {
  /** Names the set in plans, as for `manifests`. */
  readonly set: string
  readonly namespace: string
  /** ConfigMap there, made by `recordObject`, that names what we applied. It is applied with the objects. */
  readonly record: string
  /** API version of each kind we may have applied: nothing of another kind is ever deleted. `any`: as lines say it. */
  readonly kinds: Readonly<Record<string, string>> | 'any'
  /** What stays, as `recordLine` writes it. */
  readonly keep: readonly string[]
  /** What goes with an object of a kind. */
  readonly disrupts: Readonly<Record<string, string>>
}

/**
 * Objects of ours that are no longer wanted: what our own record names, that is. What others made there is not in it. The
 * objects themselves are looked at only where the record names more than is wanted.
 */
const removedObjectsType: ResourceType<RemovedObjectsWant, readonly KubeRef[]> = {
  name: 'removed-objects',
  key: ({ set }) => `removed:${set}`,
  paths: () => [],
  probes: (want) => [recordOf(want)],
  closer: (want, answers): readonly AnyProbe[] => unwanted(want, answers).map(seenAs),
  observe(want, answers) {
    const record = answers.get(recordOf(want))
    return kubeUnseen([record]) ?? unwanted(want, answers).filter((ref) => answers.get(seenAs(ref)).state === 'present')
  },
  diff: ({ disrupts, namespace: own }, have): readonly Change[] =>
    have.map(({ kind, namespace, name }) => ({
      what: `${kind} ${namespace === undefined || namespace === own ? '' : `${namespace}/`}${name}`,
      from: 'in the cluster',
      to: 'deleted',
      ...(disrupts[kind] === undefined ? {} : { disrupts: disrupts[kind] }),
    })),
  steps: (_want, have): readonly Step[] =>
    have.map((ref) => ({
      title: `delete ${ref.kind} ${ref.name}`,
      body: deleteScript(ref),
      timeoutMs: 120_000,
    })),
  evidence: ({ keep }) => `${keep.length} of ours, all wanted`,
}

export function removedObjects(want: RemovedObjectsWant, options: ResourceOptions = {}): Resource {
  return resource(removedObjectsType, want, { title: `${want.set}: what is no longer wanted`, ...options })
}

function recordOf({ namespace, record }: RemovedObjectsWant): Probe<KubeRef, KubeSeen> {
  return kubeProbe('v1', 'ConfigMap', `${namespace}/${record}`)
}

function unwanted(want: RemovedObjectsWant, answers: Answers): readonly KubeRef[] {
  const record = answers.get(recordOf(want))
  if (record.state !== 'present') return []
  const { objects = '' } = (record.object.data ?? {}) as Readonly<Record<string, unknown>>
  const kept = new Set(want.keep.flatMap((line) => identity(readRecordLine(line)) ?? []))
  return [...new Set(String(objects).split('\n'))].flatMap((line) => {
    const ref = refIn(line, want)
    return ref && !kept.has(identity(ref) ?? '') ? [ref] : []
  })
}

/** An object stays the same in another version of its kind. */
function identity(ref: KubeRef | undefined): string | undefined {
  if (!ref) return undefined
  const { apiVersion, kind, namespace = '', name } = ref
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''
  return [group, kind, namespace, name].join(' ')
}

function refIn(line: string, { kinds }: RemovedObjectsWant): KubeRef | undefined {
  const ref = readRecordLine(line)
  return ref && (kinds === 'any' || kinds[ref.kind] === ref.apiVersion) ? ref : undefined
}

function seenAs(ref: KubeRef): Probe<KubeRef, KubeSeen> {
  return probe(kubeObject, ref)
}
