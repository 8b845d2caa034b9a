import type { Answers, AnyProbe } from '../core/fact.ts'
import type { Resource, ResourceOptions } from '../core/resource.ts'
import { type PulledPods, pullFailsScript } from '../facts/image-pull.ts'
import { kubectlPrelude } from '../facts/kubectl.ts'
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
  /** What is waited for, where it does not come. */
  readonly awaited: string
  /** Pods it is made by: when their images cannot be pulled there is nothing to wait for. */
  readonly pods: PulledPods
  readonly limitSeconds: number
}

/**
 * What pods of an add-on do by themselves once they run. The wait ends at once, naming the image and the registry's answer,
 * when these pods cannot start for want of an image.
 */
export function podsServe(want: PodsServeWant, options: ResourceOptions = {}): Resource {
  const { name, wanted, probes, holds, test, awaited, pods, limitSeconds } = want
  return condition(
    {
      name,
      wanted,
      probes,
      holds,
      get wait() {
        return `${kubectlPrelude(20)}
${pullFailsScript(pods)}
${waitUntil(test(), limitSeconds, awaited, 'pull_fails')}`
      },
      timeoutMs: (limitSeconds + 60) * 1000,
    },
    options,
  )
}
