import type { Host, Inventory } from './inventory.ts'

/** Hosts that tell all others of routes, by name or by label. */
export function routeReflectors({ network, hosts }: Pick<Inventory, 'network' | 'hosts'>): readonly Host[] {
  const { routeReflectors: wanted, encapsulation } = network.calico
  if (network.cni !== 'calico' || encapsulation === 'vxlan' || wanted === undefined) return []
  const has = ({ name, labels }: Host) =>
    'label' in wanted
      ? Object.entries(wanted.label).every(([key, value]) => labels[key] === value)
      : wanted.includes(name)
  return hosts.filter(has)
}
