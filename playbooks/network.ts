import { isFirst, type Node, networkImageNames, type Resource, section } from '../src/index.ts'
import { nodeImages } from './artifacts.ts'
import { calico } from './calico.ts'
import { canal } from './canal.ts'
import { cilium } from './cilium.ts'
import { flannel } from './flannel.ts'
import { nodeReady } from './node-ready.ts'

type Cni = Node['inventory']['network']['cni']

/** Each network: what is applied once, and what shows on every node that it serves there. */
const NETWORKS: Readonly<Record<Cni, (node: Node) => readonly Resource[]>> = { flannel, calico, canal, cilium }

/** Every image a node may be asked to run for it. */
export function networkImages(node: Node): readonly Resource[] {
  return nodeImages(node, networkImageNames(node.inventory))
}

export const installNetwork = section<Node>('Install the network', 'network', (node) => [
  ...(isFirst(node) ? networkImages(node) : []),
  ...NETWORKS[node.inventory.network.cni](node),
  nodeReady(node),
])
