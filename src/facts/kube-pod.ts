import { z } from 'zod'
import type { KubeSeen } from './kube-object.ts'

const podSchema = z.looseObject({
  status: z.looseObject({
    conditions: z.array(z.looseObject({ type: z.string(), status: z.string() })).default([]),
  }),
})

/** Whether a pod is there and all its readiness probes are content. */
export function podIsReady(seen: KubeSeen): boolean {
  if (seen.state !== 'present') return false
  const pod = podSchema.safeParse(seen.object)
  return pod.success && pod.data.status.conditions.some(({ type, status }) => type === 'Ready' && status === 'True')
}
