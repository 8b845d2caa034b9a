import { type EntryReason, issuersOf, poolsOf, READ_ON } from './entry-rules.ts'
import type { Inventory } from './inventory.ts'

/** What somebody should know of an inventory that is taken as it is. */
export interface EntryNotice extends EntryReason {
  /** On one line; nothing where it does not concern this inventory. */
  tell(inventory: Inventory): string | undefined
}

export const ENTRY_NOTICES: readonly EntryNotice[] = [
  {
    id: 'ingress-needs-load-balancer',
    why: 'A Service of type LoadBalancer waits for ever for an address that nobody gives.',
    source: 'kubernetes.io, "Service", type LoadBalancer',
    date: READ_ON,
    tell: ({ ingress, ...inventory }) =>
      ingress?.exposure === 'loadBalancer' && poolsOf(inventory).length === 0
        ? 'ingress is a Service of type LoadBalancer, and nobody here gives out addresses: unless a cloud gives it an address, nobody outside reaches it; name pools in loadBalancer.metallb, or write exposure: hostPorts'
        : undefined,
  },
  {
    id: 'http01-local-policy',
    why: 'cert-manager first calls the name itself; with ipvs, a node without a pod of the ingress has no way to it then.',
    source: 'kubernetes/kubernetes, proxy/ipvs: endpoints of externalTrafficPolicy Local; cert-manager.io, "HTTP01"',
    date: READ_ON,
    tell: ({ certManager, ingress, kubernetes }) =>
      ingress?.externalTrafficPolicy === 'Local' &&
      kubernetes.kubeProxy.mode === 'ipvs' &&
      issuersOf(certManager).some(([, { http01 }]) => http01)
        ? "with externalTrafficPolicy Local and kube-proxy's mode ipvs, cert-manager's own check of an HTTP-01 challenge fails from nodes without a pod of the ingress: give it as many replicas as nodes, or use dns01"
        : undefined,
  },
]

/** A line for each that concerns this inventory. */
export function entryNotices(inventory: Inventory): readonly string[] {
  return ENTRY_NOTICES.flatMap(({ tell }) => tell(inventory) ?? [])
}
