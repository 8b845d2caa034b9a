import type { Answers } from '../core/fact.ts'
import { type KubeObject, kubeProbe } from '../facts/kube-object.ts'
import { linesOf, recordObject } from '../facts/object-record.ts'
import type { Network } from '../inventory/inventory.ts'
import { CILIUM_NAMESPACE } from './cilium.ts'

/** Which of the objects of Cilium's kinds are ours. */
export const CILIUM_RECORD = 'provision-cilium'

/** Source: `artifacthub.io/crds` of the chart, 1.20.0. */
export const CILIUM_KINDS: Readonly<Record<string, string>> = {
  CiliumLoadBalancerIPPool: 'cilium.io/v2',
  CiliumL2AnnouncementPolicy: 'cilium.io/v2alpha1',
}

export const CILIUM_DEFINITIONS = ['ciliumloadbalancerippools.cilium.io', 'ciliuml2announcementpolicies.cilium.io']

const DEFINITIONS = CILIUM_DEFINITIONS.map((name) =>
  kubeProbe('apiextensions.k8s.io/v1', 'CustomResourceDefinition', name),
)

/** The operator makes them once it runs: they are not in the chart. */
export const ciliumKinds = {
  probes: DEFINITIONS,
  holds(answers: Answers): { readonly holds: boolean; readonly evidence: string } {
    const there = DEFINITIONS.filter((probe) => answers.get(probe).state === 'present').length
    return { holds: there === DEFINITIONS.length, evidence: `${there} of ${DEFINITIONS.length} kinds there` }
  },
} as const

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

function poolObjects({ cilium: { l2Announcements = {} } }: Network): readonly KubeObject[] {
  return Object.entries(l2Announcements).flatMap(([name, { addresses, interfaces }]) => [
    of('CiliumLoadBalancerIPPool', name, { blocks: addresses.map((cidr) => ({ cidr })) }),
    of('CiliumL2AnnouncementPolicy', name, {
      loadBalancerIPs: true,
      // Cilium takes regular expressions.
      ...(interfaces === undefined ? {} : { interfaces: interfaces.map((card) => `^${card.replaceAll('.', '\\.')}$`) }),
    }),
  ])
}

const LABELS = { 'app.kubernetes.io/managed-by': 'provision' }

function of(kind: string, name: string, spec: object): KubeObject {
  return { apiVersion: CILIUM_KINDS[kind] ?? '', kind, metadata: { name, labels: LABELS }, spec }
}
