import { CALICO, CILIUM, hasTypha, isFirst, type Node, RELEASES, type Resource, section } from '../src/index.ts'
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
  return nodeImages(node, imagesOf(node))
}

function imagesOf({ inventory: { network, hosts } }: Node): Readonly<Record<string, string>> {
  if (network.cni === 'flannel') return RELEASES.flannel.images
  if (network.cni === 'canal') return CALICO.canalImages
  if (network.cni === 'cilium') return CILIUM.images
  return { ...CALICO.images, ...(hasTypha(network, hosts.length) ? CALICO.typhaImages : {}) }
}

export const installNetwork = section<Node>('Install the network', 'network', (node) => [
  ...(isFirst(node) ? networkImages(node) : []),
  ...NETWORKS[node.inventory.network.cni](node),
  nodeReady(node),
])
