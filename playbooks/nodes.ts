import {
  type Host,
  type Inventory,
  isFirst,
  kubeNodeSettings,
  type Node,
  REFLECTOR_ANNOTATION,
  reflectorAnnotations,
  section,
  strangers,
} from '../src/index.ts'
import { reflectedRoutes } from './calico.ts'

/** Set by kubeadm on every control plane; wrong on one that also carries workloads. */
const CONTROL_PLANE_TAINT = 'node-role.kubernetes.io/control-plane'
const NO_LOAD_BALANCER = 'node.kubernetes.io/exclude-from-external-load-balancers'

/** Labels and taints of every node, set where the right to do so is. A node that could not join keeps nobody waiting. */
export const settleNodes = section<Node>('Settle the nodes', 'cluster', (node) => {
  if (!isFirst(node)) return []
  const { joined } = node.membership
  const wanted = node.inventory.hosts.flatMap((host) => {
    const until = joined.get(host.name)?.value
    if (host.name !== node.name && until === undefined) return []
    const waits = until === undefined ? {} : ({ until, withoutIt: 'leave' } as const)
    return [kubeNodeSettings(wantedNode(host, node.inventory), { after: ['kubeadm:init'], ...waits })]
  })
  const marked = wanted.map(({ key }) => key)
  return [...wanted, ...reflectedRoutes(node, ['kubeadm:init', ...marked]), strangers(node)]
})

function wantedNode({ name, labels, taints, roles }: Host, inventory: Inventory) {
  const { hosts, network } = inventory
  const annotations = reflectorAnnotations(inventory, name)
  const carriesLoad = roles.includes('worker')
  const onlyControlPlanes = hosts.every((host) => host.roles.includes('control-plane'))
  return {
    name,
    labels,
    annotations,
    taints,
    without: {
      annotations: network.cni === 'calico' && !(REFLECTOR_ANNOTATION in annotations) ? [REFLECTOR_ANNOTATION] : [],
      labels: carriesLoad || onlyControlPlanes ? [NO_LOAD_BALANCER] : [],
      taints: carriesLoad ? [CONTROL_PLANE_TAINT] : [],
    },
  }
}
