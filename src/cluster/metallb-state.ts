import type { Answers } from '../core/fact.ts'
import { type KubeSeen, kubeProbe } from '../facts/kube-object.ts'
import { feed } from '../facts/kubectl.ts'
import { rolloutOf } from '../facts/rollout.ts'
import { parseRange, sizeOf } from '../inventory/address-range.ts'
import type { LoadBalancer, Pool } from '../inventory/inventory.ts'
import { METALLB_NAMESPACE, METALLB_WEBHOOKS } from './metallb.ts'

interface Verdict {
  readonly holds: boolean
  readonly evidence: string
}

export const WEBHOOK_PROBES = {
  controller: kubeProbe('apps/v1', 'Deployment', `${METALLB_NAMESPACE}/controller`),
  webhooks: kubeProbe('admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration', METALLB_WEBHOOKS),
} as const

/** Whether MetalLB's controller runs and the API server trusts its webhook, as far as objects tell. */
export function webhookEvidence(answers: Answers): Verdict {
  const deployed = answers.get(WEBHOOK_PROBES.controller)
  if (deployed.state !== 'present') return { holds: false, evidence: 'MetalLB is not there yet' }
  const { available, wanted, complete } = rolloutOf(deployed.object)
  const running = `controller ${available} of ${wanted}`
  const known = answers.get(WEBHOOK_PROBES.webhooks)
  const trusted = known.state === 'present' && everyHasCa(known.object.webhooks)
  if (!trusted) return { holds: false, evidence: `${running}; the API server does not know its certificate yet` }
  return { holds: complete, evidence: running }
}

function everyHasCa(webhooks: unknown): boolean {
  if (!Array.isArray(webhooks) || webhooks.length === 0) return false
  return webhooks.every((one: { readonly clientConfig?: { readonly caBundle?: unknown } }) =>
    Boolean(one.clientConfig?.caBundle),
  )
}

/**
 * Shell that defines `webhook_answers`: asks for a pool that is not stored. That the webhook refuses it is an answer as well;
 * that nobody could ask it, is none.
 */
export function webhookScript({ metallb: { pools } }: LoadBalancer): string {
  const [[, { addresses = [] } = {}] = []] = Object.entries(pools)
  const trial = {
    apiVersion: 'metallb.io/v1beta1',
    kind: 'IPAddressPool',
    metadata: { name: 'provision-trial', namespace: METALLB_NAMESPACE },
    spec: { addresses, autoAssign: false },
  }
  return `webhook_answers() {
  said=$(${feed(JSON.stringify(trial))} k create --dry-run=server -f - 2>&1) && return 0
  case $said in *'denied the request'*) return 0 ;; *) return 1 ;; esac
}`
}

export interface PoolSeen {
  readonly name: string
  readonly pool: Pool
  readonly seen: KubeSeen
}

/** `office 10.0.0.240-10.0.0.250 (l2): 2 of 11 given out`. */
export function poolEvidence(pools: readonly PoolSeen[]): Verdict {
  const told = pools.map(({ name, pool: { addresses, mode }, seen }) => {
    const status = (seen.state === 'present' ? (seen.object.status ?? {}) : {}) as Readonly<Record<string, unknown>>
    const counted = status.availableIPv4 !== undefined
    const given = Number(status.assignedIPv4 ?? 0) + Number(status.assignedIPv6 ?? 0)
    const count = counted ? `${given} of ${sizeOfAll(addresses)} given out` : 'MetalLB has not counted it yet'
    return { counted, text: `${name} ${addresses.join(', ')} (${mode}): ${count}` }
  })
  return { holds: told.every(({ counted }) => counted), evidence: told.map(({ text }) => text).join('; ') }
}

function sizeOfAll(addresses: readonly string[]): bigint {
  return addresses.reduce((sum, text) => {
    const range = parseRange(text)
    return range ? sum + sizeOf(range) : sum
  }, 0n)
}
