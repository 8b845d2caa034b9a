import { canalObjects, isFirst, later, manifests, type Node, type Resource, settledCanal } from '../src/index.ts'
import { felixServes } from './felix.ts'
import { asApplied } from './network-applied.ts'

/** Canal: Calico's policies, and Flannel's VXLAN between nodes; upstream's manifest with our settings in it. */
export function canal(node: Node): readonly Resource[] {
  return [
    ...(isFirst(node) ? [appliedCanal(node)] : []),
    felixServes(node, { name: 'canal', title: 'Canal', pods: 'canal', applied: 'manifests:canal' }),
  ]
}

function appliedCanal(node: Node): Resource {
  const { artifacts, inventory, fitting } = node
  const options = { title: 'Canal', after: ['kubeadm:init'], ...asApplied(node) } as const
  return later(
    'manifests:canal',
    artifacts.manifest('canal.yaml'),
    (text) =>
      manifests('canal', canalObjects(text, inventory, undefined), options, settledCanal(text, inventory, fitting)),
    options,
  )
}
