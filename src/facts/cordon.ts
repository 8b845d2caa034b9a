import { z } from 'zod'
import { FactError } from '../core/fact-error.ts'
import type { KubeObject } from './kube-object.ts'

/** Says on a node that we cordoned it, and for what: a node somebody else cordoned stays so. */
export const CORDON_MARK = 'provision/cordoned-for'

const schema = z.looseObject({
  metadata: z.looseObject({ annotations: z.record(z.string(), z.string()).default({}) }),
  spec: z.looseObject({ unschedulable: z.boolean().default(false) }).prefault({}),
})

export interface Cordon {
  /** No new pod comes here. */
  readonly cordoned: boolean
  /** What we did that for; undefined when it was somebody else. */
  readonly mark: string | undefined
}

/** Whether pods may come to a node. Fields: https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/node-v1/ */
export function cordonOf(object: KubeObject): Cordon {
  const parsed = schema.safeParse(object)
  if (!parsed.success) throw new FactError('cordon', `${object.metadata.name}: ${z.prettifyError(parsed.error)}`)
  const { metadata, spec } = parsed.data
  return { cordoned: spec.unschedulable, mark: metadata.annotations[CORDON_MARK] }
}
