import { z } from 'zod'
import { FactError } from '../core/fact-error.ts'
import { quote } from '../core/quote.ts'
import type { KubeObject } from './kube-object.ts'

/** The numbers of a DaemonSet's or Deployment's rollout. */
export interface Rollout {
  readonly wanted: number
  readonly available: number
  /** The controller has seen the newest specification, and every pod is of that, whether or not it is available. */
  readonly renewed: boolean
  /** The controller has seen the newest specification, and everything it wants is updated and available. */
  readonly complete: boolean
}

const count = z.int().nonnegative().default(0)
const schema = z.looseObject({
  metadata: z.looseObject({ generation: count }),
  spec: z.looseObject({ replicas: z.exactOptional(z.int()) }),
  status: z
    .looseObject({
      observedGeneration: count,
      desiredNumberScheduled: count,
      updatedNumberScheduled: count,
      numberAvailable: count,
      updatedReplicas: count,
      availableReplicas: count,
    })
    .prefault({}),
})

/** Fields: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/ */
export function rolloutOf(object: KubeObject): Rollout {
  const parsed = schema.safeParse(object)
  if (!parsed.success) throw new FactError('rollout', `${object.metadata.name}: ${z.prettifyError(parsed.error)}`)
  const { metadata, spec, status } = parsed.data
  const isDaemonSet = object.kind === 'DaemonSet'
  const wanted = isDaemonSet ? status.desiredNumberScheduled : (spec.replicas ?? 1)
  const updated = isDaemonSet ? status.updatedNumberScheduled : status.updatedReplicas
  const available = isDaemonSet ? status.numberAvailable : status.availableReplicas
  const observed = status.observedGeneration >= metadata.generation
  const renewed = observed && updated >= wanted
  // As `kubectl rollout status` has it: nothing that is wanted is all of it.
  return { wanted, available, renewed, complete: renewed && available >= wanted }
}

/**
 * Shell that defines `renewed`: succeeds once every pod of a DaemonSet is of its newest specification. Not `rollout status`, which
 * waits for pods of nodes that are down as well. Wants `k`: see `kubectlPrelude`.
 */
export function renewedScript({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  const fields = ['metadata.generation', 'status.observedGeneration']
  const pods = ['status.desiredNumberScheduled', 'status.updatedNumberScheduled']
  const path = [...fields, ...pods].map((field) => `{.${field}}`).join('/')
  return `renewed() {
  said=$(k -n ${quote(namespace)} get daemonset ${quote(name)} -o jsonpath=${quote(path)} 2>&1) || return 1
  IFS=/ read -r newest seen pods new <<END
$said
END
  said="\${new:-0} of \${pods:-0} pods of ${name} are of its newest specification"
  [ "\${seen:-0}" -ge "$newest" ] && [ "\${new:-0}" -ge "\${pods:-0}" ] || return 1
  said=
}`
}

/** Shell that succeeds once a Deployment or DaemonSet has all it wants; else what lacks is in `said`. Wants `k`. */
export function rolledOutScript(namespace: string, workload: string): string {
  const asked = `k -n ${quote(namespace)} rollout status ${quote(workload)} --timeout=5s --request-timeout=0`
  return `said=$(${asked} 2>&1)`
}
