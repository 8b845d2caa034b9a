import type { Policies } from '../inventory/inventory.ts'

/** What one who reads the matrix of policies must know beside it. */
export function policyNotes(policies: Policies): readonly string[] {
  const byAddress = Object.entries(policies).flatMap(([namespace, { allow }]) =>
    Object.entries(allow).flatMap(([name, { from }]) =>
      from.some(({ cidr }) => cidr !== undefined && !cidr.endsWith('/0')) ? [`${namespace}/${name}`] : [],
    ),
  )
  return [
    'a node always reaches its own pods (health checks), and pods on the network of their node are under no policy',
    ...(byAddress.length === 0
      ? []
      : [
          `clients of LoadBalancers and NodePorts come with the address of a node, unless the Service says externalTrafficPolicy Local: ${byAddress.join(', ')} may not mean them`,
        ]),
  ]
}
