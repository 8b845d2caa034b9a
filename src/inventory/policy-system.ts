import { parseAddress, parseRange } from './address-range.ts'
import type { Inventory, PolicyEnd } from './inventory.ts'
import { isInside } from './policy-addresses.ts'
import { isHere } from './policy-end.ts'
import type { Problem } from './problem.ts'
import { problemAt } from './problem-at.ts'
import type { Raw } from './resolve.ts'

/** Namespaces whose pods everybody needs, or that policies do not reach. */
const UNTOUCHED: Readonly<Record<string, string>> = {
  'kube-system': 'CoreDNS is there, and every pod of the cluster asks it',
  'kube-flannel': 'its pods use the network of their nodes, where policies do nothing',
}

/** Namespaces of add-ons whose webhooks the API server calls, and that call it. */
const WEBHOOKS: Readonly<Record<string, string>> = {
  'metallb-system': 'MetalLB',
  'cert-manager': 'cert-manager',
}

/** A webhook that is cut off makes the API server refuse objects: pools of MetalLB, certificates. */
export function systemNamespaceProblems(raw: Raw, inventory: Inventory, namespace: string): readonly Problem[] {
  const path = ['policies', namespace]
  const untouched = Object.hasOwn(UNTOUCHED, namespace) ? UNTOUCHED[namespace] : undefined
  if (untouched !== undefined)
    return [problemAt(raw, path, `policies of "${namespace}" are refused: ${untouched}`, `delete "${namespace}" here`)]
  const who = Object.hasOwn(WEBHOOKS, namespace) ? WEBHOOKS[namespace] : undefined
  const own = inventory.policies?.[namespace]
  if (who === undefined || !own) return []
  const cut = own.deny.filter((direction) => !letsControlPlanes(inventory, namespace, direction))
  return cut.slice(0, 1).map((direction) => {
    const how =
      direction === 'ingress' ? `kube-apiserver calls the webhook of ${who} there` : `${who} calls kube-apiserver`
    const rule =
      direction === 'ingress' ? 'from: [{cidr: NODES}], to: [{pods: {}}]' : 'from: [{pods: {}}], to: [{cidr: NODES}]'
    const what = `"${namespace}" denies ${direction}, and ${how}, from and to the addresses of the control planes`
    return problemAt(raw, path, what, `allow it, with the subnet of your nodes:  allow: {kube-apiserver: {${rule}}}`)
  })
}

/** Whether a rule lets the addresses of all control planes through, as far as the inventory says them. */
function letsControlPlanes(
  { hosts, policies = {} }: Inventory,
  namespace: string,
  direction: 'ingress' | 'egress',
): boolean {
  const [near, far] = direction === 'ingress' ? (['to', 'from'] as const) : (['from', 'to'] as const)
  const rules = Object.values(policies[namespace]?.allow ?? {}).filter((rule) =>
    rule[near].some((end) => isHere(end, namespace)),
  )
  const ends = rules.flatMap((rule) => rule[far].filter(({ cidr }) => cidr !== undefined))
  const planes = hosts.filter(({ roles }) => roles.includes('control-plane'))
  return (
    ends.length > 0 &&
    planes.every(({ address, nodeAddress = address ?? '' }) => {
      const known = parseAddress(nodeAddress)
      return !known || ends.some((end) => means(end, nodeAddress))
    })
  )
}

function means({ cidr = '', except = [] }: PolicyEnd, address: string): boolean {
  const one = parseAddress(address)
  return isInside(one, parseRange(cidr)) && !except.some((part) => isInside(one, parseRange(part)))
}
