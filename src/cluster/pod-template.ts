import { sha256 } from '../core/plan.ts'
import type { KubeObject } from '../facts/kube-object.ts'
import type { Patch } from './manifest.ts'

/** A variable of a container's environment, as far as we set one. */
export interface Variable {
  readonly name: string
  readonly value: string
}

interface Container {
  readonly name: string
  env?: { name: string; value?: string; valueFrom?: object }[]
  args?: string[]
  livenessProbe?: { exec?: { command?: string[] } }
  readinessProbe?: { exec?: { command?: string[] } }
}

interface Workload {
  readonly spec: {
    replicas?: number
    readonly template: {
      metadata: { annotations?: Record<string, string> }
      readonly spec: { readonly containers: Container[] }
    }
  }
}

/** A change to a copy of a DaemonSet or Deployment. */
export function workload(change: (copy: Workload) => void): Patch {
  return (object) => {
    const copy = structuredClone(object) as unknown as Workload
    change(copy)
    return copy as unknown as KubeObject
  }
}

/** One container of it by name. @throws TypeError when the manifest has no such one */
export function containerOf({ spec }: Workload, name: string): Container {
  const found = spec.template.spec.containers.find((container) => container.name === name)
  if (!found) throw new TypeError(`there is no container ${name}`)
  return found
}

/** Variables of ours, in place of upstream's of the same name. */
export function setVariables(container: Container, variables: readonly Variable[]): void {
  const names = new Set(variables.map(({ name }) => name))
  container.env = [...(container.env ?? []).filter(({ name }) => !names.has(name)), ...variables]
}

/** What reads its configuration once, when it starts: a changed one is a changed pod template, which rolls its pods. */
export function rolledBy(config: string): Patch {
  return workload(({ spec: { template } }) => {
    template.metadata.annotations = { ...template.metadata.annotations, 'provision/config': sha256(config) }
  })
}
