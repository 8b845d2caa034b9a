import type { Choice } from './network-choices.ts'
import { networkName } from './network-choices.ts'

declare module 'vitest' {
  interface TaskMeta {
    /** Options of an inventory that a test has shown to work as far as its ring goes. */
    shows?: readonly string[]
  }
}

const ADDRESSES: Readonly<Record<Choice['addresses'], readonly string[]>> = {
  none: [],
  'metallb-l2': ['MetalLB, l2'],
  'metallb-bgp': ['MetalLB, bgp'],
  // Whose kinds its operator makes: nothing of them is sent.
  cilium: [],
  'cilium+metallb': [],
}

/** What of a choice is sent to an API server, as the README's table calls it. Cilium is there as a copy of its rendered chart. */
export function shownOf({ network, proxy, addresses, entry }: Choice): readonly string[] {
  const { policyEngine, ...plain } = network
  const cilium = `cilium ${proxy === 'none' ? 'in the place of' : 'beside'} kube-proxy (a rendered copy)`
  const traefik = entry.startsWith('traefik-ports') ? ['Traefik, hostPorts'] : ['Traefik, loadBalancer']
  return [
    network.cni === 'cilium' ? cilium : networkName(plain).replace('calico encapsulation none', 'calico none'),
    ...(policyEngine === undefined ? [] : [policyEngine]),
    ...ADDRESSES[addresses],
    ...(entry === 'none' ? [] : traefik),
  ]
}
