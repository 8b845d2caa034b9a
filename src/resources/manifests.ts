import { isDeepStrictEqual } from 'node:util'
import type { Change } from '../core/change.ts'
import type { Unknown } from '../core/decision.ts'
import { type Answers, type AnyProbe, probe } from '../core/fact.ts'
import { quote } from '../core/quote.ts'
import { type Resource, type ResourceOptions, type ResourceType, resource } from '../core/resource.ts'
import type { Step } from '../core/step.ts'
import { conflictsIn } from '../facts/apply-conflict.ts'
import { type KubeApply, type KubeApplyAsk, kubeApply } from '../facts/kube-apply.ts'
import { type KubeObject, type KubeSeen, kubeName, kubeObject, refId, refOf } from '../facts/kube-object.ts'
import { feed, kubectlPrelude, listText } from '../facts/kubectl.ts'
import { isApplied } from './applied.ts'
import { waitUntil } from './condition.ts'
import { disputed } from './dispute.ts'
import { kubeUnseen } from './kube-unseen.ts'
import { objectTexts } from './object-text.ts'

/** Owner of every field we apply. */
export const FIELD_MANAGER = 'provision'

/** The same objects with what only the living ones tell in them; and what that changes, as a person understands it. */
export type Settle = (live: readonly KubeObject[]) => {
  readonly objects: readonly KubeObject[]
  readonly changes: readonly Change[]
}

interface Want extends KubeApplyAsk {
  readonly settle?: Settle
}

/** One object: what it is now, and what a server-side apply would make of it. */
interface Pair {
  readonly name: string
  readonly live: KubeObject | undefined
  readonly would: KubeObject | undefined
}

interface Have {
  readonly wanted: readonly KubeObject[]
  readonly pairs: readonly Pair[]
  /** Told before what differs in each object. */
  readonly first: readonly Change[]
}

/**
 * Objects in the cluster, by server-side apply under our own field manager. What differs is what the API server itself
 * says would change, and it is asked only where an object is not surely as we applied it; a field that somebody else owns is a
 * conflict, and a conflict is an error that names the owner.
 */
const manifestsType: ResourceType<Want, Have> = {
  name: 'manifests',
  key: ({ set }) => `manifests:${set}`,
  // The objects are in the cluster's own store; their pods may write where they mount folders of the host.
  paths: ({ objects }) => [...new Set(objects.flatMap(mountedHostPaths))],
  probes: (want): readonly AnyProbe[] => want.objects.map((object) => probe(kubeObject, refOf(object))),
  closer(want, answers): readonly AnyProbe[] {
    const live = liveOf(want, answers)
    const { ask } = settled(want, live)
    return needsServer(ask, live) ? [probe(kubeApply, ask)] : []
  },
  observe(want, answers) {
    const live = liveOf(want, answers)
    const { ask, changes } = settled(want, live)
    const seen = pairs(ask, live, needsServer(ask, live) ? answers.get(probe(kubeApply, ask)) : undefined)
    return 'unknown' in seen ? seen : { wanted: ask.objects, pairs: seen, first: changes }
  },
  diff: (_want, have) => changesOf(have),
  steps: (want, have): readonly Step[] =>
    changesOf(have).length > 0 ? [applyStep({ ...want, objects: have.wanted })] : [],
  evidence: ({ objects }) => `${objects.length} objects as wanted`,
}

/** `settle`, where what is wanted depends on what is there: it may change objects, but not which they are. */
export function manifests(
  set: string,
  objects: readonly KubeObject[],
  options: ResourceOptions = {},
  settle?: Settle,
): Resource {
  return appliedBy(FIELD_MANAGER, { set, objects, ...(settle ? { settle } : {}) }, options)
}

/**
 * Objects that are only to be there, whoever else fills them: under a manager of its own, for an apply takes away what the same
 * manager set and no longer says.
 */
export function onlyThere(set: string, objects: readonly KubeObject[], options: ResourceOptions = {}): Resource {
  return appliedBy(`${FIELD_MANAGER}-${set}`, { set, objects }, options)
}

function appliedBy(manager: string, want: Omit<Want, 'manager'>, options: ResourceOptions): Resource {
  return resource(
    manifestsType,
    { ...want, manager },
    { title: `${want.set}: ${want.objects.length} objects`, ...options },
  )
}

function settled({ settle, ...ask }: Want, live: readonly KubeSeen[]) {
  if (!settle) return { ask, changes: [] }
  const { objects, changes } = settle(presentOf(live))
  return { ask: { ...ask, objects }, changes }
}

function presentOf(live: readonly KubeSeen[]): readonly KubeObject[] {
  return live.flatMap((seen) => (seen.state === 'present' ? [seen.object] : []))
}

function liveOf({ objects }: KubeApplyAsk, answers: Answers): readonly KubeSeen[] {
  return objects.map((object) => answers.get(probe(kubeObject, refOf(object))))
}

/** Only the API server can say what an apply would change, but not where there is nothing yet, nor where nothing moved. */
function needsServer({ objects, manager }: KubeApplyAsk, live: readonly KubeSeen[]): boolean {
  return objects.some((object, i) => {
    const seen = live[i]
    return seen?.state === 'present' && !isApplied(object, seen.object, manager)
  })
}

function pairs(want: KubeApplyAsk, live: readonly KubeSeen[], apply: KubeApply): readonly Pair[] | Unknown {
  const unseen = kubeUnseen(live)
  if (unseen) return unseen
  const refused = apply !== undefined && 'refusal' in apply
  const trouble = refused ? disputed(conflictsIn(apply.refusal), presentOf(live), want.manager) : undefined
  if (trouble) return { unknown: trouble.what, trouble }
  if (refused && live.every(({ state }) => state === 'present')) {
    return { unknown: `the API server refuses the apply: ${apply.refusal}` }
  }
  const would = new Map((refused ? [] : (apply?.objects ?? [])).map((object) => [refId(refOf(object)), object]))
  return want.objects.map((object, i) => {
    const seen = live[i]
    const name = kubeName(object)
    return { name, live: seen?.state === 'present' ? seen.object : undefined, would: would.get(refId(refOf(object))) }
  })
}

function changesOf({ pairs: all, first }: Have): readonly Change[] {
  const each = all.flatMap(changesOfPair)
  return each.length > 0 ? [...first, ...each] : []
}

function changesOfPair({ name, live, would }: Pair): readonly Change[] {
  if (!live) return [{ what: name, from: 'absent', to: 'created' }]
  if (!would) return []
  const [before, after] = [comparable(live), comparable(would)]
  if (isDeepStrictEqual(before, after)) return []
  return [{ what: name, from: 'as it is', to: 'as wanted', text: objectTexts(before, after) }]
}

/** Folders of the host in the volumes of a pod, wherever in the object the pod is described. */
function mountedHostPaths(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return []
  const { hostPath } = value as { readonly hostPath?: { readonly path?: unknown } }
  const own = typeof hostPath?.path === 'string' ? [hostPath.path] : []
  return [...own, ...Object.values(value).flatMap(mountedHostPaths)]
}

/** What the server counts up by itself in every answer says nothing about what is wanted. */
function comparable({ status: _status, metadata, ...rest }: KubeObject): object {
  const { managedFields: _fields, resourceVersion: _version, generation: _generation, ...kept } = metadata
  return { ...rest, metadata: kept }
}

/** For as long a webhook is waited for that checks some of the objects and cannot be called. */
const WEBHOOK_SECONDS = 180

/** An add-on's webhook is one of its pods, and gone for a moment whenever that restarts: the apply is then done again. */
function applyStep({ set, objects, manager }: KubeApplyAsk): Step {
  return {
    title: `apply ${set}`,
    body: `${kubectlPrelude(60)}
applied() {
  said=$(${feed(listText(objects))} k apply --server-side --field-manager=${quote(manager)} -f - 2>&1) && return
  case $said in *'failed calling webhook'*) return 1 ;; *) printf '%s\\n' "$said"; exit 1 ;; esac
}
${waitUntil('applied', WEBHOOK_SECONDS, 'an answer of the webhook that checks these objects')}
printf '%s\\n' "$said"`,
    timeoutMs: 300_000 + WEBHOOK_SECONDS * 1000,
  }
}
