import type { Change } from '../core/change.ts'
import { type Probe, probe } from '../core/fact.ts'
import { quote } from '../core/quote.ts'
import { type Resource, type ResourceOptions, type ResourceType, resource } from '../core/resource.ts'
import type { Step } from '../core/step.ts'
import { type KubeObject, type KubeRef, type KubeSeen, kubeObject, refOf } from '../facts/kube-object.ts'
import { feed, kubectlPrelude, listText } from '../facts/kubectl.ts'
import { deleteScript } from './kube-delete.ts'
import { kubeUnseen } from './kube-unseen.ts'
import { FIELD_MANAGER } from './manifests.ts'

/** One object in the way: as it is to be until the others are there, or gone until then. */
interface InTheWay {
  readonly change: Change
  readonly object: KubeObject
  readonly goes: boolean
}

export interface MadeRoomWant {
  /** Names the set in plans, as for `manifests`. */
  readonly set: string
  /** What is looked at. */
  readonly refs: readonly KubeRef[]
  readonly inTheWay: (live: readonly KubeObject[]) => readonly InTheWay[]
}

/**
 * Objects that are wanted, and stand in each other's way: a webhook that checks one object against all that are stored refuses
 * what would be right once the whole set is applied. Listed before the set, which then finds room.
 */
const madeRoomType: ResourceType<MadeRoomWant, readonly InTheWay[]> = {
  name: 'made-room',
  key: ({ set }) => `room:${set}`,
  paths: () => [],
  probes: ({ refs }) => refs.map(seenAs),
  observe({ refs, inTheWay }, answers) {
    const seen = refs.map((ref) => answers.get(seenAs(ref)))
    return kubeUnseen(seen) ?? inTheWay(seen.flatMap((one) => (one.state === 'present' ? [one.object] : [])))
  },
  diff: (_want, have) => have.map(({ change }) => change),
  steps: (_want, have): readonly Step[] =>
    have.map(({ object, goes }) => ({
      title: `${goes ? 'delete' : 'change'} ${object.kind} ${object.metadata.name}`,
      body: goes ? deleteScript(refOf(object)) : applyScript(object),
      timeoutMs: 120_000,
    })),
  evidence: () => 'nothing in the way',
}

export function madeRoom(want: MadeRoomWant, options: ResourceOptions = {}): Resource {
  return resource(madeRoomType, want, { title: `${want.set}: what is in the way`, ...options })
}

function seenAs(ref: KubeRef): Probe<KubeRef, KubeSeen> {
  return probe(kubeObject, ref)
}

function applyScript(object: KubeObject): string {
  return `${kubectlPrelude(60)}
${feed(listText([object]))} k apply --server-side --field-manager=${quote(FIELD_MANAGER)} -f -`
}
