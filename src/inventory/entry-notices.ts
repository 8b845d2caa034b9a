import { type EntryReason, issuersOf, poolsOf, READ_ON } from './entry-rules.ts'
import type { Inventory, NamespacePolicies } from './inventory.ts'
import { isWithin, podsEnd, portsMeet } from './policy-end.ts'

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
  {
    id: 'http01-denied',
    why: 'What answers an HTTP-01 challenge is a pod that cert-manager makes in the namespace of the certificate.',
    source: 'cert-manager.io, "HTTP01", pod template; its command line, `--acme-http01-solver-image`',
    date: READ_ON,
    tell({ certManager, policies = {} }) {
      if (!issuersOf(certManager).some(([, { http01 }]) => http01)) return undefined
      const denying = Object.entries(policies).flatMap(([namespace, own]) =>
        own.deny.includes('ingress') && !letsSolver(namespace, own) ? [namespace] : [],
      )
      return denying.length === 0
        ? undefined
        : `no certificate of an http01 issuer is issued in ${denying.join(', ')}, which denies ingress: what answers the challenge is a pod there, and its port ${SOLVER_PORT} must be reached from the ingress and from cert-manager; allow it (pods: {${SOLVER_LABEL}: "true"}), or use dns01`
    },
  },
]

/** Source: cert-manager, pkg/issuer/acme/http (pod.go) and pkg/apis/acme/v1. */
const SOLVER_LABEL = 'acme.cert-manager.io/http01-solver'
const SOLVER_PORT = 8089

function letsSolver(namespace: string, { allow }: NamespacePolicies): boolean {
  const solver = { namespace, pods: { [SOLVER_LABEL]: 'true' } }
  return Object.values(allow).some(({ to, ports }) => {
    const reached = to.some((end) => {
      const pods = podsEnd(end, namespace)
      return pods !== undefined && isWithin(solver, pods)
    })
    return reached && portsMeet(ports, [SOLVER_PORT])
  })
}

/** A line for each that concerns this inventory. */
export function entryNotices(inventory: Inventory): readonly string[] {
  return ENTRY_NOTICES.flatMap(({ tell }) => tell(inventory) ?? [])
}
