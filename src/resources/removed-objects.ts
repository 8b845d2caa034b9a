import type { Change } from '../core/change.ts'
import { type Answers, type AnyProbe, type Probe, probe } from '../core/fact.ts'
import { type Resource, type ResourceOptions, type ResourceType, resource } from '../core/resource.ts'
import type { Step } from '../core/step.ts'
import { type KubeRef, type KubeSeen, kubeObject, kubeProbe } from '../facts/kube-object.ts'
import { deleteScript } from './kube-delete.ts'
import { kubeUnseen } from './kube-unseen.ts'

export interface RemovedObjectsWant {
  /** Names the set in plans, as for `manifests`. */
  readonly set: string
  readonly namespace: string
  /** ConfigMap whose key `objects` names what we applied there, `KIND/NAME` a line. It is applied with the objects. */
  readonly record: string
  /** API version of each kind we may have applied: nothing of another kind is ever deleted. */
  readonly kinds: Readonly<Record<string, string>>
  /** These kinds have no namespace; otherwise all are in that of the record. */
  readonly clusterWide?: boolean
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
  diff: ({ disrupts }, have): readonly Change[] =>
    have.map(({ kind, name }) => ({
      what: `${kind} ${name}`,
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
    const [, kind = '', name = ''] = LINE.exec(line) ?? []
    const apiVersion = Object.hasOwn(want.kinds, kind) ? want.kinds[kind] : undefined
    if (apiVersion === undefined || want.keep.includes(line)) return []
    return [{ apiVersion, kind, name, ...(want.clusterWide ? {} : { namespace: want.namespace }) }]
  })
}

function seenAs(ref: KubeRef): Probe<KubeRef, KubeSeen> {
  return probe(kubeObject, ref)
}
