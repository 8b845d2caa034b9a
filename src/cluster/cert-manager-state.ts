import type { Answers } from '../core/fact.ts'
import { type KubeObject, type KubeSeen, kubeProbe } from '../facts/kube-object.ts'
import { feed } from '../facts/kubectl.ts'
import { rolloutOf } from '../facts/rollout.ts'
import { CERT_MANAGER_NAMESPACE, CERT_MANAGER_WEBHOOK } from './cert-manager.ts'

interface Verdict {
  readonly holds: boolean
  readonly evidence: string
}

const ADMISSION = 'admissionregistration.k8s.io/v1'

export const CERT_MANAGER_PROBES = {
  controller: kubeProbe('apps/v1', 'Deployment', `${CERT_MANAGER_NAMESPACE}/cert-manager`),
  cainjector: kubeProbe('apps/v1', 'Deployment', `${CERT_MANAGER_NAMESPACE}/cert-manager-cainjector`),
  webhook: kubeProbe('apps/v1', 'Deployment', `${CERT_MANAGER_NAMESPACE}/${CERT_MANAGER_WEBHOOK}`),
  mutating: kubeProbe(ADMISSION, 'MutatingWebhookConfiguration', CERT_MANAGER_WEBHOOK),
  validating: kubeProbe(ADMISSION, 'ValidatingWebhookConfiguration', CERT_MANAGER_WEBHOOK),
} as const

/** Deployments that must run before an issuer can be applied, and do something. */
export const CERT_MANAGER_DEPLOYMENTS = ['cert-manager', 'cert-manager-cainjector', CERT_MANAGER_WEBHOOK] as const

/** Whether cert-manager runs and the API server trusts its webhook, as far as objects tell. */
export function certManagerEvidence(answers: Answers): Verdict {
  const { controller, cainjector, webhook, mutating, validating } = CERT_MANAGER_PROBES
  const deployed = [controller, cainjector, webhook].map((one) => answers.get(one))
  const rollouts = deployed.flatMap((seen) => (seen.state === 'present' ? [rolloutOf(seen.object)] : []))
  if (rollouts.length < deployed.length) return { holds: false, evidence: 'cert-manager is not there yet' }
  const running = `${rollouts.filter(({ complete }) => complete).length} of ${rollouts.length} Deployments run`
  const trusted = [mutating, validating].every((one) => everyHasCa(answers.get(one)))
  if (!trusted)
    return { holds: false, evidence: `${running}; the API server does not know its webhook's certificate yet` }
  return { holds: rollouts.every(({ complete }) => complete), evidence: running }
}

/** Of a webhook configuration: the API server knows whom to trust. */
export function everyHasCa(seen: KubeSeen): boolean {
  const webhooks = seen.state === 'present' ? seen.object.webhooks : undefined
  if (!Array.isArray(webhooks) || webhooks.length === 0) return false
  return webhooks.every((one: { readonly clientConfig?: { readonly caBundle?: unknown } }) =>
    Boolean(one.clientConfig?.caBundle),
  )
}

const TRIAL = {
  apiVersion: 'cert-manager.io/v1',
  kind: 'ClusterIssuer',
  metadata: { name: 'provision-trial' },
  spec: { selfSigned: {} },
}

/** Shell that defines `webhook_answers`: asks for an issuer that is not stored. A refusal by the webhook is an answer as well. */
export const CERT_MANAGER_TRIAL = `webhook_answers() {
  said=$(${feed(JSON.stringify(TRIAL))} k create --dry-run=server -f - 2>&1) && return 0
  case $said in *'denied the request'*) return 0 ;; *) return 1 ;; esac
}`

/** Whether an issuer has an account with its directory: cert-manager's own word. */
export function issuerEvidence(name: string, seen: KubeSeen): Verdict {
  if (seen.state !== 'present') return { holds: false, evidence: `ClusterIssuer ${name} is not there` }
  const { conditions } = (seen.object.status ?? {}) as { readonly conditions?: readonly Condition[] }
  const ready = conditions?.find(({ type }) => type === 'Ready')
  if (!ready) return { holds: false, evidence: `cert-manager has not said anything of ClusterIssuer ${name} yet` }
  // What was said of the settings before is not said of these.
  const isOfThese = (ready.observedGeneration ?? generationOf(seen.object)) >= generationOf(seen.object)
  return {
    holds: ready.status === 'True' && isOfThese,
    evidence: `ClusterIssuer ${name}: ${ready.message ?? ready.status}`,
  }
}

function generationOf({ metadata }: KubeObject): number {
  return typeof metadata.generation === 'number' ? metadata.generation : 0
}

interface Condition {
  readonly observedGeneration?: number
  readonly type: string
  readonly status: string
  readonly message?: string
}
