import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Node } from '../../src/cluster/node.ts'
import { Value } from '../../src/core/value.ts'
import { labParts } from './lab-parts.ts'
import { NO_ARTIFACTS, nodeOf } from './node.ts'

const MANIFESTS = ['flannel-manifest', 'metallb-manifest'] as const

/** The first control plane of an inventory, with upstream's own manifests at hand. */
export async function apiNode(inventory: string): Promise<Node> {
  const parts = await labParts(MANIFESTS)
  const text = (folder: string, name: string) => readFile(join(folder, name), 'utf8')
  const manifests: Readonly<Record<string, string>> = {
    'kube-flannel.yml': await text(parts['flannel-manifest'], 'kube-flannel.yml'),
    'metallb-native.yaml': await text(parts['metallb-manifest'], 'metallb-native.yaml'),
  }
  const manifest = (name: string) => Value.of(name, manifests[name] ?? '')
  return nodeOf(inventory, { artifacts: { ...NO_ARTIFACTS, manifest } })
}
