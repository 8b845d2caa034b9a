import type { Matrix, MatrixCell } from '../core/matrix.ts'
import { overlap, parseRange } from '../inventory/address-range.ts'
import type { NamespacePolicies, Policies, PolicyEnd, PolicyPort, PolicyRule } from '../inventory/inventory.ts'
import { isInside } from '../inventory/policy-addresses.ts'
import { endText, isWithin, mayBeSame, podsEnd, portOf, portText } from '../inventory/policy-end.ts'

/** Somebody who may be at an end of a connection. */
interface Party {
  readonly text: string
  readonly end: PolicyEnd
  /** Namespace of the rule that names it. */
  readonly namespace: string
}

interface Target extends Party {
  readonly ports?: readonly PolicyPort[] | undefined
}

/** How much of what is asked a rule allows. */
type Share = 'none' | 'some' | 'all'

const SHARES: readonly Share[] = ['none', 'some', 'all']
/** In no namespace that has a name: whoever no rule means. */
const ANYBODY: Party = { text: 'anybody else', end: { pods: {} }, namespace: '' }
const DNS: Target = {
  text: 'CoreDNS 53',
  end: { namespace: 'kube-system', pods: { 'k8s-app': 'kube-dns' } },
  namespace: 'kube-system',
  ports: ['53/UDP', 53],
}

/**
 * Who may talk to whom, as far as policies of the inventory say it: rows begin connections, columns answer them. Both must let it
 * through where both are in namespaces that deny.
 */
export function policyMatrix(policies: Policies): Matrix | undefined {
  const namespaces = Object.entries(policies)
  if (namespaces.length === 0) return undefined
  const rules = namespaces.flatMap(([namespace, { allow }]) =>
    Object.values(allow).map((rule) => ({ namespace, rule })),
  )
  const whole = namespaces.map(([namespace]) => party({ pods: {} }, namespace))
  const rows = unique([
    ...rules.flatMap(({ namespace, rule }) => rule.from.map((end) => party(end, namespace))),
    ...whole,
    ANYBODY,
  ])
  const denied = whole.filter(({ namespace }) => policies[namespace]?.deny.includes('ingress'))
  const isCut = namespaces.some(([, { deny }]) => deny.includes('egress'))
  const targets = unique([
    ...rules.flatMap(({ namespace, rule }) => rule.to.map((end) => target(end, namespace, rule.ports))),
    ...denied,
    ...(isCut ? [DNS] : []),
  ])
  const cells = rows.flatMap((from) => targets.flatMap((to) => cellOf(policies, from, to)))
  const names = (parties: readonly Party[]) => parties.map(({ text }) => text)
  return {
    title: 'who may talk to whom, by the policies of the inventory (some: some of these pods, addresses or ports)',
    unit: '',
    hosts: names(rows),
    places: names(targets),
    cells,
  }
}

function party(end: PolicyEnd, namespace: string): Party {
  return { text: endText(end, namespace), end, namespace }
}

function target(end: PolicyEnd, namespace: string, ports: readonly PolicyPort[] | undefined): Target {
  const { text } = party(end, namespace)
  const named = ports?.map((port) => portText(portOf(port))).join(', ')
  return { text: named === undefined ? text : `${text} ${named}`, end, namespace, ports }
}

function unique<T extends Party>(parties: readonly T[]): readonly T[] {
  return [...new Map(parties.map((one) => [one.text, one])).values()]
}

const CELLS: Readonly<Record<Share, Pick<MatrixCell, 'text' | 'tone' | 'note'>>> = {
  all: { text: 'yes', tone: 'usual' },
  none: { text: 'no', tone: 'usual' },
  some: { text: 'some', tone: 'usual' },
}

/** Between addresses outside nothing is ours to say. */
function cellOf(policies: Policies, from: Party, to: Target): readonly MatrixCell[] {
  if (from.end.cidr !== undefined && to.end.cidr !== undefined) return []
  const share = least(into(policies, from, to), out(policies, from, to))
  return [{ from: from.text, to: to.text, ...CELLS[share] }]
}

function into(policies: Policies, from: Party, to: Target): Share {
  const own = denying(policies, to, 'ingress')
  return own ? allowedBy(own, from, to) : 'all'
}

function out(policies: Policies, from: Party, to: Target): Share {
  const own = denying(policies, from, 'egress')
  if (!own) return 'all'
  return own.policies.dns === 'allow' && to === DNS ? 'all' : allowedBy(own, from, to)
}

interface Own {
  readonly namespace: string
  readonly policies: NamespacePolicies
}

function denying(all: Policies, { end, namespace }: Party, direction: 'ingress' | 'egress'): Own | undefined {
  const name = podsEnd(end, namespace)?.namespace
  const policies = name !== undefined && Object.hasOwn(all, name) ? all[name] : undefined
  return name !== undefined && policies?.deny.includes(direction) ? { namespace: name, policies } : undefined
}

function allowedBy({ namespace, policies }: Own, from: Party, to: Target): Share {
  const shares = Object.values(policies.allow).map((rule) =>
    least(meansAny(rule.from, namespace, from), meansAny(rule.to, namespace, to), covered(rule, to)),
  )
  return most(...shares)
}

function meansAny(ends: PolicyRule['from'], namespace: string, who: Party): Share {
  return most(...ends.map((end) => means(end, namespace, who)))
}

/** How much of a party an end of a rule means. */
function means(end: PolicyEnd, namespace: string, who: Party): Share {
  const [pods, others] = [podsEnd(end, namespace), podsEnd(who.end, who.namespace)]
  if (pods && others) return isWithin(others, pods) ? 'all' : mayBeSame(others, pods) ? 'some' : 'none'
  const [range, theirs] = [parseRange(end.cidr ?? ''), parseRange(who.end.cidr ?? '')]
  if (!range || !theirs || !overlap(range, theirs)) return 'none'
  const holes = (end.except ?? []).flatMap((text) => parseRange(text) ?? [])
  if (holes.some((hole) => isInside(theirs, hole))) return 'none'
  const left = holes.filter(
    (hole) => overlap(hole, theirs) && !(who.end.except ?? []).some((text) => isInside(hole, parseRange(text))),
  )
  return isInside(theirs, range) && left.length === 0 ? 'all' : 'some'
}

/** How many of the ports of a target a rule allows. What a name stands for only pods say. */
function covered({ ports }: PolicyRule, to: Target): Share {
  if (ports === undefined) return 'all'
  if (to.ports === undefined) return 'some'
  const allowed = ports.map(portOf)
  const shares = to.ports.map(portOf).map((wanted): Share => {
    const same = allowed.filter(({ protocol }) => protocol === wanted.protocol)
    if (same.some(({ port }) => port === wanted.port)) return 'all'
    return same.some(({ port }) => typeof port !== typeof wanted.port) ? 'some' : 'none'
  })
  return new Set(shares).size === 1 ? (shares[0] ?? 'none') : 'some'
}

function least(...shares: readonly Share[]): Share {
  return SHARES[Math.min(...shares.map((share) => SHARES.indexOf(share)))] ?? 'none'
}

function most(...shares: readonly Share[]): Share {
  return SHARES[Math.max(0, ...shares.map((share) => SHARES.indexOf(share)))] ?? 'none'
}
