import type { Fact } from '../core/fact.ts'
import { kubectlPrelude } from './kubectl.ts'

export interface WorkloadAsk {
  readonly kind: 'DaemonSet' | 'Deployment'
  readonly namespace: string
  readonly name: string
}

/** A rollout's numbers. `undefined` from the fact means there is no such workload, or no API server to ask. */
export interface Workload {
  readonly wanted: number
  readonly updated: number
  readonly available: number
  /** The controller has seen the newest specification. */
  readonly observed: boolean
  readonly complete: boolean
}

const columns = (wanted: string, updated: string, available: string) =>
  [
    '.kind',
    '.metadata.namespace',
    '.metadata.name',
    '.metadata.generation',
    '.status.observedGeneration',
    wanted,
    updated,
    available,
  ]
    .map((path) => `{${path}}`)
    .join('{"\\t"}')

const DAEMON_SET = columns(
  '.status.desiredNumberScheduled',
  '.status.updatedNumberScheduled',
  '.status.numberAvailable',
)
const DEPLOYMENT = columns('.spec.replicas', '.status.updatedReplicas', '.status.availableReplicas')

const idOf = ({ kind, namespace, name }: WorkloadAsk) => `${kind}/${namespace}/${name}`

/** Rollouts of DaemonSets and Deployments. All of it is volatile: rollouts move by themselves. */
export const workload: Fact<WorkloadAsk, Workload | undefined> = {
  name: 'workload',
  id: idOf,
  script: (asks) => `${kubectlPrelude()}
wanted=' ${asks.map(idOf).join(' ')} '
kubectl_ready && {
  k get daemonsets -A -o 'jsonpath={range .items[*]}${DAEMON_SET}{"\\n"}{end}'
  k get deployments -A -o 'jsonpath={range .items[*]}${DEPLOYMENT}{"\\n"}{end}'
} 2>/dev/null | while IFS='	' read -r kind ns name rest; do
  case $wanted in *" $kind/$ns/$name "*) printf '%s/%s/%s\\trollout\\t%s\\n' "$kind" "$ns" "$name" "$rest" ;; esac
done
:`,
  volatile: ['rollout'],
  parse(lines) {
    const line = lines[0]
    if (!line) return undefined
    const [generation = 0, observedGeneration = 0, wanted = 0, updated = 0, available = 0] = line.slice(1).map(Number)
    const observed = observedGeneration >= generation
    return {
      wanted,
      updated,
      available,
      observed,
      complete: observed && wanted > 0 && updated >= wanted && available >= wanted,
    }
  },
}
