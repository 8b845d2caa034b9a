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
  /**
   * ConfigMap whose key `objects` names what we applied, one a line: `KIND/NAME` in its own namespace, or anywhere as
   * `recordLine` writes it. It is applied with the objects.
   */
  readonly record: string
  /** API version of each kind we may have applied: nothing of another kind is ever deleted. `any`: as lines say it. */
  readonly kinds: Readonly<Record<string, string>> | 'any'
  /** What stays, as in the record. */
  readonly keep: readonly string[]
  /** What goes with an object of a kind. */
  readonly disrupts: Readonly<Record<string, string>>
}

/** A name as Kubernetes has them, after one of the kinds. */
const LINE = /^([A-Za-z0-9]+)\/([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?)$/

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
  return [...new Set(String(objects).split('\n'))].flatMap((line) => {
    const ref = want.keep.includes(line) ? undefined : refIn(line, want)
    return ref ? [ref] : []
  })
}

function refIn(line: string, { kinds, namespace }: RemovedObjectsWant): KubeRef | undefined {
  const elsewhere = readRecordLine(line)
  if (elsewhere) return kinds === 'any' || kinds[elsewhere.kind] === elsewhere.apiVersion ? elsewhere : undefined
  const [, kind = '', name = ''] = LINE.exec(line) ?? []
  const apiVersion = kinds !== 'any' && Object.hasOwn(kinds, kind) ? kinds[kind] : undefined
  return apiVersion === undefined ? undefined : { apiVersion, kind, namespace, name }
}

function seenAs(ref: KubeRef): Probe<KubeRef, KubeSeen> {
  return probe(kubeObject, ref)
}
