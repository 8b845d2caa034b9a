import { type KubeObject, OUR_LABEL } from '../facts/kube-object.ts'
import { linesOf, recordObject } from '../facts/object-record.ts'
import type { Network } from '../inventory/inventory.ts'
import { CILIUM_NAMESPACE } from './cilium.ts'
import { kindsServed } from './kinds-served.ts'

/** Which of the objects of Cilium's kinds are ours. */
export const CILIUM_RECORD = 'provision-cilium'

/** Source: `artifacthub.io/crds` of the chart, 1.20.0. */
export const CILIUM_KINDS: Readonly<Record<string, string>> = {
  CiliumLoadBalancerIPPool: 'cilium.io/v2',
  CiliumL2AnnouncementPolicy: 'cilium.io/v2alpha1',
}

export const CILIUM_DEFINITIONS = ['ciliumloadbalancerippools.cilium.io', 'ciliuml2announcementpolicies.cilium.io']

/** The operator makes them once it runs: they are not in the chart. */
export const ciliumKinds = kindsServed(CILIUM_DEFINITIONS)

/** Addresses, and who answers ARP for them. The record first, as for MetalLB. */
export function ciliumPools(network: Network): readonly KubeObject[] {
  return [
    recordObject({ namespace: CILIUM_NAMESPACE, name: CILIUM_RECORD }, ciliumPoolLines(network)),
    ...poolObjects(network),
  ]
}

/** All of them, as lines of the record. */
export function ciliumPoolLines(network: Network): readonly string[] {
  return linesOf(poolObjects(network))
}

/**
 * One policy for all pools: a policy chooses Services by their labels and not by their pool, and what several policies choose is
 * announced on the cards of all of them. So pools name the same cards: see `network-checks.ts`. Source: docs.cilium.io, "L2
 * Announcements", Service Selector.
 */
function poolObjects({ cilium: { l2Announcements } }: Network): readonly KubeObject[] {
  if (l2Announcements === undefined) return []
  const [cards] = Object.values(l2Announcements).map(({ interfaces }) => interfaces)
  return [
    ...Object.entries(l2Announcements).map(([name, { addresses }]) =>
      of('CiliumLoadBalancerIPPool', name, { blocks: addresses.map((cidr) => ({ cidr })) }),
    ),
    of('CiliumL2AnnouncementPolicy', ANNOUNCEMENTS, {
      loadBalancerIPs: true,
      // Cilium takes regular expressions.
      ...(cards === undefined ? {} : { interfaces: cards.map((card) => `^${card.replaceAll('.', '\\.')}$`) }),
    }),
  ]
}

const ANNOUNCEMENTS = 'provision'

function of(kind: string, name: string, spec: object): KubeObject {
  return { apiVersion: CILIUM_KINDS[kind] ?? '', kind, metadata: { name, labels: OUR_LABEL }, spec }
}
