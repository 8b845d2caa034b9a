import { parseAddress, parseRange } from './address-range.ts'
import type { Inventory, PolicyEnd, PolicyRule } from './inventory.ts'
import { isInside } from './policy-addresses.ts'
import { isWithin, type PodsEnd, podsEnd, portOf } from './policy-end.ts'
import type { Problem } from './problem.ts'
import { problemAt } from './problem-at.ts'
import type { Raw } from './resolve.ts'

/** Namespaces whose pods everybody needs, or that policies do not reach. */
const UNTOUCHED: Readonly<Record<string, string>> = {
  'kube-system': 'CoreDNS is there, and every pod of the cluster asks it',
  'kube-flannel': 'its pods use the network of their nodes, where policies do nothing',
}

/** An add-on's namespace: what must get into it, and that its pods call kube-apiserver. */
interface AddOn {
  readonly who: string
  readonly isHere: (inventory: Inventory) => boolean
  /** Who calls, as a sentence, and at what: pods with these labels, each of these ports by number and name. */
  readonly called: { readonly by: string; readonly pods: Readonly<Record<string, string>>; readonly ports: Ports }
  /** Whether the control planes are the ones who call. */
  readonly byControlPlanes: boolean
}

type Ports = readonly { readonly number: number; readonly name: string }[]

/** Sources: the manifests of MetalLB 0.16 and cert-manager 1.21, and our own objects of Traefik (`cluster/traefik.ts`). */
const ADD_ONS: Readonly<Record<string, AddOn>> = {
  'metallb-system': {
    who: 'MetalLB',
    isHere: () => true,
    called: {
      by: 'kube-apiserver calls the webhook of MetalLB there',
      pods: { app: 'metallb', component: 'controller' },
      ports: [{ number: 9443, name: 'webhook-server' }],
    },
    byControlPlanes: true,
  },
  'cert-manager': {
    who: 'cert-manager',
    isHere: () => true,
    called: {
      by: 'kube-apiserver calls the webhook of cert-manager there',
      pods: {
        app: 'webhook',
        'app.kubernetes.io/name': 'webhook',
        'app.kubernetes.io/instance': 'cert-manager',
        'app.kubernetes.io/component': 'webhook',
      },
      ports: [{ number: 10_250, name: 'https' }],
    },
    byControlPlanes: true,
  },
  traefik: {
    who: 'Traefik',
    isHere: ({ ingress }) => ingress?.controller === 'traefik',
    called: {
      by: 'requests from outside come to Traefik there',
      pods: { 'app.kubernetes.io/name': 'traefik' },
      ports: [
        { number: 8000, name: 'web' },
        { number: 8443, name: 'websecure' },
      ],
    },
    byControlPlanes: false,
  },
}

const API_SERVER: Ports = [{ number: 6443, name: '' }]

/** What is cut off makes the API server refuse objects (pools of MetalLB, certificates), or an add-on do nothing. */
export function systemNamespaceProblems(raw: Raw, inventory: Inventory, namespace: string): readonly Problem[] {
  const path = ['policies', namespace]
  const untouched = Object.hasOwn(UNTOUCHED, namespace) ? UNTOUCHED[namespace] : undefined
  if (untouched !== undefined)
    return [problemAt(raw, path, `policies of "${namespace}" are refused: ${untouched}`, `delete "${namespace}" here`)]
  const addOn = Object.hasOwn(ADD_ONS, namespace) ? ADD_ONS[namespace] : undefined
  const own = inventory.policies?.[namespace]
  if (!addOn?.isHere(inventory) || !own) return []
  const cut = own.deny.filter((direction) => !lets(inventory, namespace, direction, addOn))
  return cut.slice(0, 1).map((direction) => {
    const { what, rule, whom } = WORDS[direction](addOn)
    return problemAt(
      raw,
      path,
      `"${namespace}" denies ${direction}, and ${what}`,
      `allow it, with ${whom}:  allow: ${rule}`,
    )
  })
}

const WORDS = {
  ingress({ called, byControlPlanes }: AddOn) {
    const ports = called.ports.map(({ number }) => number).join(', ')
    const at = `on tcp/${ports}`
    const end = `to: [{pods: {}}], ports: [${ports}]`
    return byControlPlanes
      ? {
          what: `${called.by}, ${at}, from the addresses of the control planes`,
          whom: 'the subnet of your nodes',
          rule: `{kube-apiserver: {from: [{cidr: NODES}], ${end}}}`,
        }
      : {
          what: `${called.by}, ${at}`,
          whom: 'the addresses of those who may',
          rule: `{requests: {from: [{cidr: CLIENTS}], ${end}}}`,
        }
  },
  egress: ({ who }: AddOn) => ({
    what: `every pod of ${who} calls kube-apiserver, at the addresses of the control planes`,
    whom: 'the subnet of your nodes',
    rule: '{kube-apiserver: {from: [{pods: {}}], to: [{cidr: NODES}]}}',
  }),
}

/** Whether rules let through what must get into the namespace, or out of it, as far as the inventory says where that is. */
function lets(inventory: Inventory, namespace: string, direction: 'ingress' | 'egress', addOn: AddOn): boolean {
  const { called, byControlPlanes } = addOn
  const [near, far] = direction === 'ingress' ? (['to', 'from'] as const) : (['from', 'to'] as const)
  const pods: PodsEnd = { namespace, pods: direction === 'ingress' ? called.pods : {} }
  const ofPods = Object.values(inventory.policies?.[namespace]?.allow ?? {}).filter((rule) =>
    rule[near].some((end) => {
      const some = podsEnd(end, namespace)
      return some !== undefined && isWithin(pods, some)
    }),
  )
  return (direction === 'ingress' ? called.ports : API_SERVER).every((port) => {
    const ends = ofPods.filter(({ ports }) => has(ports, port)).flatMap((rule) => rule[far])
    const addresses = ends.filter(({ cidr }) => cidr !== undefined)
    if (addresses.length === 0) return false
    return direction === 'ingress' && !byControlPlanes ? true : meansControlPlanes(inventory, addresses)
  })
}

function has(ports: PolicyRule['ports'], { number, name }: Ports[number]): boolean {
  return (
    ports === undefined ||
    ports.map(portOf).some(({ port, protocol }) => protocol === 'TCP' && (port === number || port === name))
  )
}

function meansControlPlanes({ hosts }: Inventory, ends: readonly PolicyEnd[]): boolean {
  const planes = hosts.filter(({ roles }) => roles.includes('control-plane'))
  return planes.every(({ address, nodeAddress = address ?? '' }) => {
    const known = parseAddress(nodeAddress)
    return !known || ends.some((end) => means(end, nodeAddress))
  })
}

function means({ cidr = '', except = [] }: PolicyEnd, address: string): boolean {
  const one = parseAddress(address)
  return isInside(one, parseRange(cidr)) && !except.some((part) => isInside(one, parseRange(part)))
}
