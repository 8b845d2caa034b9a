import { type KubeObject, OUR_LABEL } from '../facts/kube-object.ts'
import { linesOf, recordObject } from '../facts/object-record.ts'
import type { NamespacePolicies, Policies, PolicyEnd, PolicyRule } from '../inventory/inventory.ts'
import { isHere, portOf } from '../inventory/policy-end.ts'

/** Where it stands which policies are ours: not in their own namespaces, for those may be deleted. */
export const POLICY_RECORD = { namespace: 'kube-system', name: 'provision-policies' } as const

/** Kinds of our objects that are deleted once they are no longer wanted; namespaces never are. */
export const POLICY_KINDS: Readonly<Record<string, string>> = { NetworkPolicy: 'networking.k8s.io/v1' }

/** Set by the API server on every namespace. */
const NAMESPACE_LABEL = 'kubernetes.io/metadata.name'

/** CoreDNS, as kubeadm labels it, and the ports of its pods. */
const DNS = {
  to: [
    {
      namespaceSelector: { matchLabels: { [NAMESPACE_LABEL]: 'kube-system' } },
      podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
    },
  ],
  ports: [
    { port: 53, protocol: 'UDP' },
    { port: 53, protocol: 'TCP' },
  ],
}

/**
 * The record first: a run that is cut off leaves nothing in the cluster that is not in it. Then what is allowed, and last what is
 * denied: what is new in both begins to be denied only when it is allowed.
 */
export function policyObjects(policies: Policies): readonly KubeObject[] {
  const wanted = networkPolicies(policies)
  return [recordObject(POLICY_RECORD, linesOf(wanted)), ...wanted]
}

/** Namespaces policies are for, which may be anybody's: only their names. */
export function policyNamespaces(policies: Policies): readonly KubeObject[] {
  return Object.keys(policies).map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }))
}

/** As they stand in the record. */
export function policyLines(policies: Policies): readonly string[] {
  return linesOf(networkPolicies(policies))
}

export function networkPolicies(policies: Policies): readonly KubeObject[] {
  const all = Object.entries(policies)
  return [
    ...all.flatMap(([namespace, own]) => [
      ...Object.entries(own.allow).flatMap(([name, rule]) => ruleObjects(namespace, own, name, rule)),
      ...(own.dns === 'allow'
        ? [networkPolicy(namespace, 'default.dns', { podSelector: {}, policyTypes: ['Egress'], egress: [DNS] })]
        : []),
    ]),
    ...all.map(([namespace, { deny }]) =>
      networkPolicy(namespace, 'default.deny', { podSelector: {}, policyTypes: deny.map((one) => TYPES[one]) }),
    ),
  ]
}

const TYPES = { ingress: 'Ingress', egress: 'Egress' } as const

/**
 * A rule becomes a policy for each end that is in its namespace, where that denies the direction: one made of an end where nothing
 * is denied would deny its pods everything else. Names end in `.in` and `.out`, which no rule's name does.
 */
function ruleObjects(
  namespace: string,
  { deny }: NamespacePolicies,
  name: string,
  rule: PolicyRule,
): readonly KubeObject[] {
  const ports = rule.ports ? { ports: rule.ports.map(portOf) } : {}
  const here = (side: 'from' | 'to') => rule[side].filter((end) => isHere(end, namespace))
  const numbered = (suffix: string, i: number) => `${name}.${suffix}${i === 0 ? '' : `-${i + 1}`}`
  const into = deny.includes('ingress') ? here('to') : []
  const out = deny.includes('egress') ? here('from') : []
  return [
    ...into.map((end, i) =>
      networkPolicy(namespace, numbered('in', i), {
        podSelector: selector(end.pods ?? {}),
        policyTypes: ['Ingress'],
        ingress: [{ from: rule.from.map((peer) => peerOf(peer, namespace)), ...ports }],
      }),
    ),
    ...out.map((end, i) =>
      networkPolicy(namespace, numbered('out', i), {
        podSelector: selector(end.pods ?? {}),
        policyTypes: ['Egress'],
        egress: [{ to: rule.to.map((peer) => peerOf(peer, namespace)), ...ports }],
      }),
    ),
  ]
}

function peerOf(end: PolicyEnd, namespace: string): object {
  const { cidr, except } = end
  if (cidr !== undefined) return { ipBlock: { cidr, ...(except === undefined ? {} : { except }) } }
  if (isHere(end, namespace)) return { podSelector: selector(end.pods ?? {}) }
  const namespaceSelector = { matchLabels: { [NAMESPACE_LABEL]: end.namespace } }
  return { namespaceSelector, ...(end.pods ? { podSelector: selector(end.pods) } : {}) }
}

/** Without labels: all pods. */
function selector(labels: Readonly<Record<string, string>>): object {
  return Object.keys(labels).length === 0 ? {} : { matchLabels: labels }
}

function networkPolicy(namespace: string, name: string, spec: object): KubeObject {
  const labels = OUR_LABEL
  return { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name, namespace, labels }, spec }
}
