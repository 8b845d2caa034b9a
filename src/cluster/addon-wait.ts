import type { Answers, Probe } from '../core/fact.ts'
import { quote } from '../core/quote.ts'
import {
  BUILT_IN,
  groupOf,
  type KubeObject,
  type KubeRef,
  type KubeSeen,
  kubeArgument,
  kubeProbe,
} from '../facts/kube-object.ts'
import { rolloutOf } from '../facts/rollout.ts'
import type { AddonWait } from '../inventory/inventory.ts'

/** Something an add-on waits for: what to look at, what is then so, and how to wait for it with `k`. */
export interface AddonWaiting {
  /** `deployment-web-frontend`: part of a key. */
  readonly id: string
  readonly wanted: string
  readonly probe: Probe<KubeRef, KubeSeen>
  readonly holds: (answers: Answers) => { readonly holds: boolean; readonly evidence: string }
  /** Shell: succeeds when it is so. */
  readonly test: string
}

export function addonWaiting({ rollout, established, condition, of }: AddonWait): AddonWaiting {
  if (rollout !== undefined) return rolledOut(`apps/v1 ${rollout}`)
  if (established !== undefined)
    return conditioned(`apiextensions.k8s.io/v1 CustomResourceDefinition ${established}`, 'Established', 'True')
  const [type = '', status = ''] = (condition ?? '').split('=')
  return conditioned(of ?? '', type, status)
}

function rolledOut(object: string): AddonWaiting {
  const about = objectOf(object)
  const judge = (seen: KubeObject) => {
    const { available, wanted, complete } = rolloutOf(seen)
    return { holds: complete, evidence: `${about.name}: ${available} of ${wanted}` }
  }
  const test = `said=$(k ${about.place}rollout status ${quote(`${about.kind.toLowerCase()}/${about.ref.name}`)} --timeout=60s --request-timeout=0 2>&1)`
  return { ...about, wanted: `${about.name} is rolled out`, holds: seenAs(about, judge), test }
}

function conditioned(object: string, type: string, status: string): AddonWaiting {
  const about = objectOf(object)
  const judge = ({ status: own, metadata }: KubeObject) => {
    const { conditions, observedGeneration } = (own ?? {}) as Observed & { readonly conditions?: unknown }
    const found = Array.isArray(conditions) ? conditions.find((one) => one?.type === type) : undefined
    // What was said of the settings before is not said of these; as `kubectl wait` has it.
    const said = (found as Observed | undefined)?.observedGeneration ?? observedGeneration
    if (said !== undefined && said < Number(metadata.generation ?? 0))
      return { holds: false, evidence: `${about.name}: its ${type} is of the settings before these` }
    const told = found ? `${type} is ${found.status}${found.message ? `: ${found.message}` : ''}` : `it has no ${type}`
    return { holds: found?.status === status, evidence: `${about.name}: ${told}` }
  }
  const test = `said=$(k ${about.place}wait --for=condition=${type}=${status} ${quote(kubeArgument(about.ref))} --timeout=60s --request-timeout=0 2>&1)`
  return {
    ...about,
    wanted: `${about.name} is ${type}=${status}`,
    holds: seenAs(about, judge),
    test,
    id: `${about.id}-${type.toLowerCase()}`,
  }
}

interface Observed {
  readonly observedGeneration?: number
}

type About = Pick<AddonWaiting, 'id' | 'probe'> & {
  readonly name: string
  readonly kind: string
  readonly place: string
  readonly ref: KubeRef
}

function objectOf(text: string): About {
  const [apiVersion = '', kind = '', path = ''] = text.split(' ')
  const probe = kubeProbe(apiVersion, kind, path)
  const { namespace } = probe.ask
  return {
    id: `${kind}${BUILT_IN.test(apiVersion) ? '' : `.${groupOf(apiVersion)}`}-${path.replace('/', '-')}`.toLowerCase(),
    ref: probe.ask,
    probe,
    kind,
    name: `${kind} ${path}`,
    place: namespace === undefined ? '' : `-n ${quote(namespace)} `,
  }
}

function seenAs(
  { probe, name }: About,
  judge: (seen: KubeObject) => { readonly holds: boolean; readonly evidence: string },
): AddonWaiting['holds'] {
  return (answers) => {
    const seen = answers.get(probe)
    if (seen.state === 'down') return { holds: false, evidence: `the API server does not answer: ${seen.reason}` }
    return seen.state === 'present' ? judge(seen.object) : { holds: false, evidence: `${name} is not there yet` }
  }
}
