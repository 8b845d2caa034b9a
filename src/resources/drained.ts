import type { Unknown } from '../core/decision.ts'
import type { Answers, AnyProbe } from '../core/fact.ts'
import { quote } from '../core/quote.ts'
import { type Key, type Resource, type ResourceOptions, type ResourceType, resource } from '../core/resource.ts'
import type { Step } from '../core/step.ts'
import { CORDON_MARK, type Cordon, cordonOf } from '../facts/cordon.ts'
import { evictablePodsProbe } from '../facts/evictable-pods.ts'
import { nodeProbe } from '../facts/kube-node.ts'
import type { KubeObject } from '../facts/kube-object.ts'
import { kubectlPrelude } from '../facts/kubectl.ts'

export interface DrainedWant {
  /** Name of the node. It is drained from a control plane, where the right to do so is. */
  readonly node: string
  /** Kept on the node as a mark, so that `inService` undoes what we did and nothing else: `upgrade`. */
  readonly purpose: string
  /** Why it need not be drained, told from its Node: there is nothing to do on it any more. */
  readonly needless?: (node: KubeObject) => string | undefined
  /** How long evictions may take. A PodDisruptionBudget is always honoured, so it may be the budget that takes so long. */
  readonly timeoutSeconds: number
  /** Delete pods that no controller brings back; left out, they stop the drain and are named. */
  readonly force?: boolean
}

/** `needless`: why nothing need be done. */
type Drained = { readonly needless: string } | (Cordon & { readonly pods: readonly string[] })

/** A node that takes no new pods and has none left that could be elsewhere. A node the cluster does not have is drained too. */
const drainedType: ResourceType<DrainedWant, Drained> = {
  name: 'drained',
  key: ({ node }): Key => `drained:${node}`,
  paths: () => [],
  probes: ({ node }): readonly AnyProbe[] => [nodeProbe(node), evictablePodsProbe(node)],
  // The step looks by itself; what runs where changes all the time.
  guards: () => [],
  observe: look,
  diff(_want, have) {
    if ('needless' in have) return []
    const { cordoned, pods } = have
    return [
      ...(cordoned ? [] : [{ what: 'new pods', from: 'allowed', to: 'refused' }]),
      ...(pods.length === 0
        ? []
        : [
            {
              what: 'pods',
              from: pods.join(', '),
              to: 'on other nodes',
              disrupts: 'evicts them, as their budgets allow',
            },
          ]),
    ]
  },
  steps: (want, have) => (drainedType.diff(want, have).length === 0 ? [] : [drain(want, have)]),
  evidence: (_want, have) =>
    'needless' in have ? have.needless : 'takes no pods and has none that could be elsewhere',
}

export function drained(want: DrainedWant, options: ResourceOptions = {}): Resource {
  return resource(drainedType, want, { title: `node ${want.node} drained`, ...options })
}

function look({ node, needless }: DrainedWant, answers: Answers): Drained | Unknown {
  const seen = answers.get(nodeProbe(node))
  if (seen.state === 'none') return { unknown: 'there is no cluster on this host' }
  if (seen.state === 'down') return { unknown: `the API server does not answer: ${seen.reason}` }
  if (seen.state === 'absent') return { needless: `the cluster has no node ${node}` }
  const why = needless?.(seen.object)
  return why === undefined
    ? { ...cordonOf(seen.object), pods: answers.get(evictablePodsProbe(node)) }
    : { needless: why }
}

const MARGIN_SECONDS = 60

/** The mark first: cut off in between, a mark on a node that is not cordoned does no harm. */
function drain({ node, purpose, timeoutSeconds, force }: DrainedWant, have: Drained): Step {
  const marks =
    'needless' in have || have.cordoned
      ? ''
      : `k annotate --overwrite node ${quote(node)} ${CORDON_MARK}=${quote(purpose)} >/dev/null || exit 1\n`
  const words = [
    '--ignore-daemonsets',
    '--delete-emptydir-data',
    `--timeout=${timeoutSeconds}s`,
    ...(force ? ['--force'] : []),
  ]
  return {
    title: `drain ${node}`,
    body: `${kubectlPrelude(0)}
${marks}k cordon ${quote(node)} || exit 1
k drain ${quote(node)} ${words.join(' ')} && exit 0
printf '%s\\n' ${quote(advice(node, timeoutSeconds))}
exit 1`,
    timeoutMs: (timeoutSeconds + MARGIN_SECONDS) * 1000,
  }
}

function advice(node: string, seconds: number): string {
  return (
    `${node} could not be emptied within ${seconds} s; it stays cordoned. The pods named above keep it: ` +
    'give their PodDisruptionBudget room (more replicas), delete pods that nothing brings back, and run the same command again; ' +
    `or give up with: kubectl uncordon ${node}`
  )
}

/** Takes back what `drained` did to a node for the same purpose; a node somebody else cordoned is left so. */
const inServiceType: ResourceType<Pick<DrainedWant, 'node' | 'purpose'>, Cordon> = {
  name: 'in-service',
  key: ({ node }): Key => `in-service:${node}`,
  paths: () => [],
  probes: ({ node }) => [nodeProbe(node)],
  guards: () => [],
  observe({ node }, answers) {
    const seen = answers.get(nodeProbe(node))
    if (seen.state === 'present') return cordonOf(seen.object)
    return {
      unknown: seen.state === 'down' ? `the API server does not answer: ${seen.reason}` : `there is no node ${node}`,
    }
  },
  diff: ({ purpose }, { mark, cordoned }) =>
    mark === purpose
      ? [{ what: 'new pods', from: cordoned ? `refused, for the ${purpose}` : 'allowed, still marked', to: 'allowed' }]
      : [],
  steps: ({ node, purpose }, { mark }) =>
    mark === purpose
      ? [
          {
            title: `uncordon ${node}`,
            body: `${kubectlPrelude(30)}
k uncordon ${quote(node)} && k annotate node ${quote(node)} ${CORDON_MARK}-`,
            timeoutMs: 120_000,
          },
        ]
      : [],
  evidence: (_want, { cordoned }) => (cordoned ? 'cordoned by somebody else, and left so' : 'takes pods'),
}

export function inService(want: Pick<DrainedWant, 'node' | 'purpose'>, options: ResourceOptions = {}): Resource {
  return resource(inServiceType, want, { title: `node ${want.node} in service`, ...options })
}
