import { isDeepStrictEqual } from 'node:util'
import { stringify } from 'yaml'
import { type AnyProbe, probe } from '../core/fact.ts'
import { quote } from '../core/quote.ts'
import type { Unknown } from '../core/resource.ts'
import {
  type Change,
  type Resource,
  type ResourceOptions,
  type ResourceType,
  resource,
  type Step,
} from '../core/resource.ts'
import { type KubeObject, type KubeObjects, type KubeObjectsAsk, kubeObjects, listText } from '../facts/kube-objects.ts'
import { feed, kubectlPrelude } from '../facts/kubectl.ts'

/** Owner of every field we apply. */
export const FIELD_MANAGER = 'provision'

/** One object: what it is now, and what a server-side apply would make of it. */
interface Pair {
  readonly name: string
  readonly live: KubeObject | undefined
  readonly would: KubeObject | undefined
}

/**
 * Objects in the cluster, by server-side apply under our own field manager. What differs is what the API server itself
 * says would change; a field that somebody else owns is a conflict, and a conflict is an error that names the owner.
 */
const manifestsType: ResourceType<KubeObjectsAsk, readonly Pair[]> = {
  name: 'manifests',
  key: ({ set }) => `manifests:${set}`,
  probes: (want): readonly AnyProbe[] => [probe(kubeObjects, want)],
  observe: (want, answers) => pairs(want, answers.get(probe(kubeObjects, want))),
  diff: (_want, have) => have.flatMap(changesOf),
  steps: (want, have): readonly Step[] => (have.some((pair) => changesOf(pair).length > 0) ? [applyStep(want)] : []),
  evidence: ({ objects }) => `${objects.length} objects as wanted`,
}

export function manifests(set: string, objects: readonly KubeObject[], options: ResourceOptions = {}): Resource {
  return resource(
    manifestsType,
    { set, objects, manager: FIELD_MANAGER },
    { title: `${set}: ${objects.length} objects`, ...options },
  )
}

function pairs(want: KubeObjectsAsk, answer: KubeObjects): readonly Pair[] | Unknown {
  if (answer.state === 'none') return { unknown: 'there is no cluster on this host yet' }
  if (answer.state === 'down') return { unknown: `the API server does not answer: ${answer.reason}` }
  const byName = (objects: readonly KubeObject[]) => new Map(objects.map((object) => [nameOf(object), object]))
  const live = byName(answer.live)
  const would = byName(answer.would ?? [])
  const all = want.objects.map((object) => ({
    name: nameOf(object),
    live: live.get(nameOf(object)),
    would: would.get(nameOf(object)),
  }))
  if (answer.would === undefined && all.every((pair) => pair.live))
    return { unknown: `the API server refuses the apply: ${answer.refusal}` }
  return all
}

/** `DaemonSet kube-flannel/kube-flannel-ds`. */
function nameOf({ kind, metadata }: KubeObject): string {
  return `${kind} ${metadata.namespace === undefined ? '' : `${metadata.namespace}/`}${metadata.name}`
}

function changesOf({ name, live, would }: Pair): readonly Change[] {
  if (!live) return [{ what: name, from: 'absent', to: 'created' }]
  if (!would) return []
  const [before, after] = [comparable(live), comparable(would)]
  if (isDeepStrictEqual(before, after)) return []
  return [
    { what: name, from: 'as it is', to: 'as wanted', text: { before: stringify(before), after: stringify(after) } },
  ]
}

/** What the server counts up by itself in every answer says nothing about what is wanted. */
function comparable({ status: _status, metadata, ...rest }: KubeObject): object {
  const { managedFields: _fields, resourceVersion: _version, generation: _generation, ...kept } = metadata
  return { ...rest, metadata: kept }
}

function applyStep({ set, objects, manager }: KubeObjectsAsk): Step {
  return {
    title: `apply ${set}`,
    body: `${kubectlPrelude(60)}
${feed(listText(objects))} k apply --server-side --field-manager=${quote(manager)} -f -`,
    timeoutMs: 300_000,
  }
}
