import type { Change } from '../core/change.ts'
import { type Answers, type AnyProbe, type Probe, probe } from '../core/fact.ts'
import { type Resource, type ResourceOptions, type ResourceType, resource } from '../core/resource.ts'
import type { Step } from '../core/step.ts'
import { groupOf, type KubeRef, type KubeSeen, kubeObject, kubeProbe } from '../facts/kube-object.ts'
import { feed, kubectlPrelude } from '../facts/kubectl.ts'
import { readRecordLine, recordObject } from '../facts/object-record.ts'
import { deleteScript } from './kube-delete.ts'
import { kubeUnseen } from './kube-unseen.ts'
import { FIELD_MANAGER } from './manifests.ts'

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
  /**
   * What becomes of the record once the objects are gone, for what others make under an old name is theirs. `trimmed`: it names what
   * stays. `gone`: nothing of the set is wanted. Left out: the set is applied afterwards, and the record with it.
   */
  readonly recordThen?: 'trimmed' | 'gone'
  /** What goes with an object of a kind. */
  readonly disrupts: Readonly<Record<string, string>>
}

interface Have {
  readonly gone: readonly KubeRef[]
  /** Lines of the record that name nothing of what is wanted. */
  readonly stale: readonly string[]
}

/**
 * Objects of ours that are no longer wanted: what our own record names, that is. What others made there is not in it. The
 * objects themselves are looked at only where the record names more than is wanted.
 */
const removedObjectsType: ResourceType<RemovedObjectsWant, Have> = {
  name: 'removed-objects',
  key: ({ set }) => `removed:${set}`,
  paths: () => [],
  probes: (want) => [recordOf(want)],
  closer: (want, answers): readonly AnyProbe[] => unwanted(want, answers).map(seenAs),
  observe(want, answers) {
    const record = answers.get(recordOf(want))
    const unseen = kubeUnseen([record])
    if (unseen) return unseen
    const old = unwanted(want, answers).filter((ref) => answers.get(seenAs(ref)).state === 'present')
    const goes = want.recordThen === 'gone' && record.state === 'present'
    const stale = linesIn(record).filter((line) => !want.keep.includes(line))
    return { gone: goes ? [...old, recordOf(want).ask] : old, stale: want.recordThen === 'trimmed' ? stale : [] }
  },
  diff: ({ disrupts, namespace: own, record }, { gone, stale }): readonly Change[] => {
    const forgotten = { what: `ConfigMap ${record}`, from: `names ${stale.length} not wanted`, to: 'trimmed' }
    const changes = gone.map(({ kind, namespace, name }) => ({
      what: `${kind} ${namespace === undefined || namespace === own ? '' : `${namespace}/`}${name}`,
      from: 'in the cluster',
      to: 'deleted',
      ...(disrupts[kind] === undefined ? {} : { disrupts: disrupts[kind] }),
    }))
    return changes.length === 0 && stale.length > 0 ? [forgotten] : changes
  },
  steps: (want, { gone, stale }): readonly Step[] => [
    ...gone.map((ref) => ({
      title: `delete ${ref.kind} ${ref.name}`,
      body: deleteScript(ref),
      timeoutMs: 120_000,
    })),
    ...(stale.length > 0 ? [trimmed(want)] : []),
  ],
  evidence: ({ keep }) => `${keep.length} of ours, all wanted`,
}

function trimmed({ namespace, record, keep }: RemovedObjectsWant): Step {
  const text = JSON.stringify(recordObject({ namespace, name: record }, keep))
  return {
    title: `trim ${record}`,
    body: `${kubectlPrelude(60)}\n${feed(text)} k apply --server-side --field-manager=${FIELD_MANAGER} -f -`,
    timeoutMs: 120_000,
  }
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
  const kept = new Set(want.keep.flatMap((line) => identity(readRecordLine(line)) ?? []))
  return linesIn(record).flatMap((line) => {
    const ref = refIn(line, want)
    return ref && !kept.has(identity(ref) ?? '') ? [ref] : []
  })
}

function linesIn(record: KubeSeen): readonly string[] {
  if (record.state !== 'present') return []
  const { objects = '' } = (record.object.data ?? {}) as Readonly<Record<string, unknown>>
  return [...new Set(String(objects).split('\n'))].filter((line) => line !== '')
}

/** An object stays the same in another version of its kind. */
function identity(ref: KubeRef | undefined): string | undefined {
  if (!ref) return undefined
  const { apiVersion, kind, namespace = '', name } = ref
  return [groupOf(apiVersion), kind, namespace, name].join(' ')
}

function refIn(line: string, { kinds }: RemovedObjectsWant): KubeRef | undefined {
  const ref = readRecordLine(line)
  return ref && (kinds === 'any' || kinds[ref.kind] === ref.apiVersion) ? ref : undefined
}

function seenAs(ref: KubeRef): Probe<KubeRef, KubeSeen> {
  return probe(kubeObject, ref)
}
