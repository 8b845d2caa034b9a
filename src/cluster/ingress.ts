import type { KubeObject } from '../facts/kube-object.ts'
import type { Host, Ingress } from '../inventory/inventory.ts'

/** In the namespace of a controller: which objects there were ours. */
export const INGRESS_RECORD = 'provision-ingress'

/** The class its Ingresses name. */
export function ingressClassOf({ class: name, controller }: Ingress): string {
  return name ?? controller
}

/** Two, so that one may go; one where both would go together. */
export function ingressReplicas({ replicas }: Ingress, hosts: readonly Host[]): number {
  return replicas ?? (hosts.filter(({ roles }) => roles.includes('worker')).length > 1 ? 2 : 1)
}

/** Whose class it is cannot be changed: one of another controller goes, and is made anew. */
export function ingressClassInTheWay(controller: string) {
  return (live: readonly KubeObject[]) =>
    live.flatMap((object) => {
      const owner = (object.spec as { readonly controller?: unknown } | undefined)?.controller
      if (owner === controller) return []
      const what = `IngressClass ${object.metadata.name}`
      const disrupts = 'its Ingresses go from one controller to the other'
      return [{ change: { what, from: `of ${owner}`, to: 'deleted, and made anew', disrupts }, object, goes: true }]
    })
}
