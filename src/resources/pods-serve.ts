import type { Answers, AnyProbe } from '../core/fact.ts'
import type { Resource, ResourceOptions } from '../core/resource.ts'
import { type PulledPods, pullFailsScript } from '../facts/image-pull.ts'
import { type KubeSeen, kubeProbe } from '../facts/kube-object.ts'
import { kubectlPrelude } from '../facts/kubectl.ts'
import { renewedScript, rolloutOf } from '../facts/rollout.ts'
import { condition, waitUntil } from './condition.ts'

export interface PodsServeWant {
  /** Noun for the key: `calico`. */
  readonly name: string
  /** As a plan says it: `Calico serves this node`. */
  readonly wanted: string
  readonly probes: readonly AnyProbe[]
  readonly holds: (answers: Answers) => { readonly holds: boolean; readonly evidence: string }
  /** POSIX sh, a command list that succeeds when it holds; `k` is kubectl. Asked again when what it is made of is known. */
  readonly test: () => string
  /** Shell functions it calls. */
  readonly functions?: string
  /** What is waited for, where it does not come. */
  readonly awaited: string
  /** Pods it is made by: when their images are not pulled there is nothing to wait for. */
  readonly pods: PulledPods
  readonly limitSeconds: number
  /**
   * Name of the DaemonSet of these pods, where the cluster may be asked: it holds only once all of them are of its newest
   * specification, for until then it may be a pod of the old one that answers.
   */
  readonly daemonSet?: string
}

/**
 * What pods of an add-on do by themselves once they run. The wait ends at once, naming the image and the registry's answer,
 * when these pods cannot start for want of an image.
 */
export function podsServe(want: PodsServeWant, options: ResourceOptions = {}): Resource {
  const { name, wanted, probes, test, functions = '', awaited, pods, limitSeconds, daemonSet } = want
  const rolled =
    daemonSet === undefined ? undefined : kubeProbe('apps/v1', 'DaemonSet', `${pods.namespace}/${daemonSet}`)
  return condition(
    {
      name,
      wanted,
      probes: rolled ? [...probes, rolled] : probes,
      holds: (answers) => (rolled && oldPods(answers.get(rolled))) ?? want.holds(answers),
      get wait() {
        const renewed = daemonSet === undefined ? '' : renewedScript({ namespace: pods.namespace, name: daemonSet })
        // The API server gives a webhook up to 30 s.
        return `${kubectlPrelude(40)}
${pullFailsScript(pods)}
${renewed}
${functions}
${waitUntil(renewed === '' ? test() : `renewed && ${test()}`, limitSeconds, awaited, 'pull_fails')}`
      },
      timeoutMs: (limitSeconds + 60) * 1000,
    },
    options,
  )
}

/** Why it does not hold, whatever answers: pods of an old specification still run, or nobody can say whether they do. */
function oldPods(seen: KubeSeen): { readonly holds: false; readonly evidence: string } | undefined {
  if (seen.state === 'down') return { holds: false, evidence: `the API server does not answer: ${seen.reason}` }
  if (seen.state !== 'present') return undefined
  return rolloutOf(seen.object).renewed
    ? undefined
    : { holds: false, evidence: 'pods of its old specification still run' }
}
