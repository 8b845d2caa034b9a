import type { KubeObject } from '../facts/kube-object.ts'
import type { Host, Taint } from '../inventory/inventory.ts'
import type { Patch } from './manifest.ts'

export const CONTROL_PLANE: Taint = { key: 'node-role.kubernetes.io/control-plane', value: '', effect: 'NoSchedule' }

export function takesAnyPod({ roles, taints }: Host): boolean {
  return roles.includes('worker') && taints.every(({ effect }) => effect === 'PreferNoSchedule')
}

/** Seconds a health check may take. Upstream's one second is too short for a busy node: its addresses would move for nothing. */
const PROBE_SECONDS = 10

export const patient: Patch = (object) => {
  const copy = structuredClone(object) as unknown as PodTemplate
  for (const container of copy.spec.template.spec.containers) {
    for (const probe of [container.livenessProbe, container.readinessProbe])
      if (probe) probe.timeoutSeconds = Math.max(probe.timeoutSeconds ?? 1, PROBE_SECONDS)
  }
  return copy as unknown as KubeObject
}

interface PodTemplate {
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly containers: readonly { livenessProbe?: HealthCheck; readinessProbe?: HealthCheck }[]
        tolerations?: Toleration[]
      }
    }
  }
}

interface HealthCheck {
  timeoutSeconds?: number
}

/** Each once; what is only preferred needs none. */
export function tolerationsOf(taints: readonly Taint[]): readonly Toleration[] {
  const wanted = taints.filter(({ effect }) => effect !== 'PreferNoSchedule')
  const each = [...new Map(wanted.map(({ key, effect }) => [`${key}:${effect}`, { key, effect }])).values()]
  return each.map((one) => ({ ...one, operator: 'Exists' as const }))
}

export function tolerating(taints: readonly Taint[]): Patch {
  const added = tolerationsOf(taints)
  return (object) => {
    const copy = structuredClone(object) as unknown as PodTemplate
    const pod = copy.spec.template.spec
    const has = (one: Toleration) =>
      pod.tolerations?.some(({ key, effect }) => key === one.key && effect === one.effect)
    const lacking = added.filter((one) => !has(one))
    if (lacking.length > 0) pod.tolerations = [...(pod.tolerations ?? []), ...lacking]
    return copy as unknown as KubeObject
  }
}

interface Toleration {
  readonly key: string
  readonly effect: string
  readonly operator: string
}
