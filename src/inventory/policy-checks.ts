import { byRule } from './by-rule.ts'
import type { Inventory, NamespacePolicies, Policies, PolicyRule } from './inventory.ts'
import { cidrProblems } from './policy-addresses.ts'
import { endText, isHere, mayBeSame, type PodsEnd, podsEnd, podsText, portOf, portsMeet } from './policy-end.ts'
import { policyEngineOf } from './policy-engine.ts'
import { systemNamespaceProblems } from './policy-system.ts'
import type { Problem } from './problem.ts'
import { problemAt } from './problem-at.ts'
import type { Raw } from './resolve.ts'
import type { Path } from './tree.ts'

const POLICIES = ['policies'] as const

/** A rule, and where it stands. */
interface Place {
  readonly raw: Raw
  readonly inventory: Inventory
  readonly namespace: string
  readonly own: NamespacePolicies
  readonly name: string
  readonly rule: PolicyRule
  readonly path: Path
}

/** What policies must not be, given each other and the rest of the inventory. */
export function policyProblems(raw: Raw, inventory: Inventory): readonly Problem[] {
  return [...engineProblems(raw, inventory), ...rulesProblems(raw, inventory)]
}

/** The API server takes policies that nobody enforces, and says nothing. */
function engineProblems(raw: Raw, { network, policies = {}, artifacts }: Inventory): readonly Problem[] {
  const { cni, policyEngine } = network
  if (policyEngine !== undefined && cni !== 'flannel') {
    const what = `network.policyEngine is ${policyEngine}, and ${cni} enforces policies itself`
    return byRule('one-policy-engine', [problemAt(raw, ['network', 'policyEngine'], what, 'delete it')])
  }
  if (policyEngine !== undefined && artifacts.source === 'lab') {
    const what = `the lab has no ${policyEngine}: it cannot be compiled from a published module`
    const fix = 'delete it here; where images can be had, write artifacts: {source: release}'
    return byRule('lab-images', [problemAt(raw, ['network', 'policyEngine'], what, fix)])
  }
  if (Object.keys(policies).length === 0 || policyEngineOf(network) !== undefined) return []
  const what = `${cni} enforces no policies: they would be stored, and everybody could still talk to everybody`
  const fix = 'write network: {policyEngine: kube-router}, or delete policies'
  return byRule('enforced-policies', [problemAt(raw, POLICIES, what, fix)])
}

function rulesProblems(raw: Raw, inventory: Inventory): readonly Problem[] {
  return Object.entries(inventory.policies ?? {}).flatMap(([namespace, own]) => [
    ...systemNamespaceProblems(raw, inventory, namespace),
    ...denyProblems(raw, namespace, own),
    ...Object.entries(own.allow).flatMap(([name, rule]) => {
      const path = [...POLICIES, namespace, 'allow', name]
      return ruleProblems({ raw, inventory, namespace, own, name, rule, path })
    }),
  ])
}

function denyProblems(raw: Raw, namespace: string, { deny, dns }: NamespacePolicies): readonly Problem[] {
  const path = [...POLICIES, namespace]
  const twice = deny.findIndex((direction, i) => deny.indexOf(direction) !== i)
  if (twice >= 0)
    return [
      problemAt(raw, [...path, 'deny', twice], `"${namespace}" denies ${deny[twice]} twice`, 'delete one of the two'),
    ]
  if (deny.includes('egress') && dns === undefined) {
    const what = `"${namespace}" denies egress, and CoreDNS is in another namespace: its pods could look up no name, not even of a Service`
    return [problemAt(raw, path, what, 'write dns: allow, or dns: deny where they need no names')]
  }
  if (!deny.includes('egress') && dns !== undefined) {
    const what = `dns does nothing in "${namespace}", which does not deny egress`
    return [problemAt(raw, [...path, 'dns'], what, 'delete it, or write deny: [ingress, egress]')]
  }
  return []
}

function ruleProblems(place: Place): readonly Problem[] {
  const malformed = (['from', 'to'] as const).flatMap((side) => formProblems(place, side))
  if (malformed.length > 0) return malformed
  return [
    ...(['from', 'to'] as const).flatMap((side) =>
      place.rule[side].flatMap((end, i) => cidrProblems(place.raw, place.inventory, [...place.path, side, i], end)),
    ),
    ...idleProblems(place),
    ...namedPortProblems(place),
    ...otherSideProblems(place),
  ]
}

/** Pods or addresses, not both and not neither. */
function formProblems({ raw, rule, path }: Place, side: 'from' | 'to'): readonly Problem[] {
  return rule[side].flatMap((end, i) => {
    const at = [...path, side, i]
    const written = Object.keys(end)
    if (written.length === 0)
      return [problemAt(raw, at, 'an end of a rule names nobody', 'write {pods: {}} for all pods of the namespace')]
    if (end.cidr !== undefined && (end.pods !== undefined || end.namespace !== undefined)) {
      const fix = 'make two of it: {cidr: …} and {namespace: …, pods: …}'
      return [problemAt(raw, at, 'an end of a rule is either pods or addresses, and this is both', fix)]
    }
    if (end.cidr === undefined && end.except !== undefined) {
      const fix = 'write cidr: 0.0.0.0/0 beside it, or delete it'
      return [problemAt(raw, [...at, 'except'], 'except leaves out parts of cidr, and there is none', fix)]
    }
    return []
  })
}

/** A rule speaks for the namespace it stands in, and only where that denies something. */
function idleProblems({ raw, namespace, own: { deny }, name, rule, path }: Place): readonly Problem[] {
  const here = {
    from: rule.from.filter((end) => isHere(end, namespace)),
    to: rule.to.filter((end) => isHere(end, namespace)),
  }
  if (here.from.length < rule.from.length && here.to.length < rule.to.length) {
    const [from, to] = (['from', 'to'] as const).map((side) => rule[side].find((end) => !isHere(end, namespace)))
    const what = `"${name}" allows ${from && endText(from, namespace)} → ${to && endText(to, namespace)}, and neither is in "${namespace}"`
    return [problemAt(raw, path, what, 'write it below the namespace of one of them')]
  }
  const works = (deny.includes('ingress') && here.to.length > 0) || (deny.includes('egress') && here.from.length > 0)
  if (works) return []
  const lacking = here.to.length > 0 ? 'ingress' : 'egress'
  const what = `"${name}" does nothing: "${namespace}" does not deny ${lacking}, so it is allowed anyway`
  return [problemAt(raw, path, what, `write deny: [${[...deny, lacking].join(', ')}], or delete the rule`)]
}

/** What a port is called stands in the pod that has it. */
function namedPortProblems({ raw, rule, path }: Place): readonly Problem[] {
  const to = rule.to.find(({ cidr }) => cidr !== undefined)
  if (!to) return []
  return (rule.ports ?? []).flatMap((port, i) => {
    if (typeof portOf(port).port === 'number') return []
    const what = `port ${port} is a name, and ${to.cidr} has no pods that could say which number it is`
    return [problemAt(raw, [...path, 'ports', i], what, 'write the number')]
  })
}

/** Where both namespaces deny, both must allow: one alone lets nothing through. */
function otherSideProblems(place: Place): readonly Problem[] {
  const { inventory, namespace, rule } = place
  const { policies = {} } = inventory
  const pods = (side: 'from' | 'to') => rule[side].flatMap((end) => podsEnd(end, namespace) ?? [])
  return pods('from').flatMap((from) =>
    pods('to').flatMap((to) => {
      const away =
        from.namespace === namespace
          ? { end: to, denies: 'ingress' as const }
          : { end: from, denies: 'egress' as const }
      const other = away.end.namespace === namespace ? undefined : own(policies, away.end.namespace)
      if (!other?.deny.includes(away.denies)) return []
      if (Object.values(other.allow).some((one) => lets(one, away.end.namespace, { from, to }, rule))) return []
      return [refusedThere(place, away, { from, to })]
    }),
  )
}

function own(policies: Policies, namespace: string): NamespacePolicies | undefined {
  return Object.hasOwn(policies, namespace) ? policies[namespace] : undefined
}

interface Connection {
  readonly from: PodsEnd
  readonly to: PodsEnd
}

function lets(rule: PolicyRule, namespace: string, { from, to }: Connection, { ports }: PolicyRule): boolean {
  const has = (side: 'from' | 'to', end: PodsEnd) =>
    rule[side].some((one) => {
      const pods = podsEnd(one, namespace)
      return pods !== undefined && mayBeSame(pods, end)
    })
  return has('from', from) && has('to', to) && portsMeet(rule.ports, ports)
}

function refusedThere(
  { raw, namespace, name, path }: Place,
  { end, denies }: { readonly end: PodsEnd; readonly denies: 'ingress' | 'egress' },
  { from, to }: Connection,
): Problem {
  const what = `"${name}" of "${namespace}" allows ${podsText(from)} → ${podsText(to)}, and "${end.namespace}" denies ${denies}: no rule of its own allows it there`
  return problemAt(raw, path, what, `write the same below policies.${end.namespace}.allow as well, or delete it here`)
}
