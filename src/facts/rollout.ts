import { z } from 'zod'
import { FactError } from '../core/fact-error.ts'
import type { KubeObject } from './kube-object.ts'

/** The numbers of a DaemonSet's or Deployment's rollout. */
export interface Rollout {
  readonly wanted: number
  readonly available: number
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
  return { wanted, available, complete: observed && wanted > 0 && updated >= wanted && available >= wanted }
}
