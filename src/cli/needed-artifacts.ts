import { up } from '../../playbooks/up.ts'
import type { Artifacts } from '../cluster/node.ts'
import { compile } from '../core/play.ts'
import { Value } from '../core/value.ts'
import type { Inventory } from '../inventory/inventory.ts'
import { plainNodes } from './plain-nodes.ts'

/** Names of the artifacts that a plan of an inventory is made of. */
export interface NeededArtifacts {
  readonly programs: readonly string[]
  /** Full name by name of the artifact. */
  readonly images: ReadonlyMap<string, string>
  readonly manifests: readonly string[]
}

/** What `up` would install on the hosts of an inventory: its plays are compiled, and who asks for what is written down. */
export function neededArtifacts(inventory: Inventory): NeededArtifacts {
  const programs = new Set<string>()
  const images = new Map<string, string>()
  const manifests = new Set<string>()
  const never = (name: string) => new Value<never>(name, new Promise(() => undefined))
  const artifacts: Omit<Artifacts, 'rendered'> = {
    program: (name) => {
      programs.add(name)
      return never(name)
    },
    image: (name, reference) => {
      images.set(name, reference)
      return never(name)
    },
    manifest: (name) => {
      manifests.add(name)
      return never(name)
    },
  }
  const rendered: Artifacts['rendered'] = (chart) => {
    programs.add('helm')
    manifests.add(chart)
    return never(chart)
  }
  for (const node of plainNodes(inventory, inventory.hosts, { ...artifacts, rendered })) compile(up, node)
  return { programs: [...programs].sort(), images: new Map([...images].sort()), manifests: [...manifests].sort() }
}
