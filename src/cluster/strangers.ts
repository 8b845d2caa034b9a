import type { Finding } from '../core/finding.ts'
import { requirement } from '../core/requirement.ts'
import type { Resource } from '../core/resource.ts'
import { strangersProbe } from '../facts/kube-strangers.ts'
import type { Node } from './node.ts'

/** Nodes nobody has in the inventory any more: told, and never removed unasked. */
export function strangersFinding({ inventory }: Pick<Node, 'inventory'>, names: readonly string[]): Finding {
  const known = new Set(inventory.hosts.map(({ name }) => name))
  const unknown = names.filter((name) => !known.has(name))
  const base = { id: 'strangers', threshold: 'every node is in the inventory', severity: 'advised' } as const
  if (unknown.length === 0) return { ...base, met: true, evidence: 'none' }
  const list = unknown.join(' ')
  return {
    ...base,
    met: false,
    evidence: `${unknown.join(', ')}: still part of the cluster`,
    fix: `put it back into the inventory, or take it out of the cluster: provision remove ${inventory.file} ${list} --keep-host (--dead when the machine is gone)`,
  }
}

/** The same for `up`, where it costs nothing while all is well. */
export function strangers(node: Node): Resource {
  const ask = strangersProbe({ others: node.inventory.hosts.length - 1 })
  return requirement({
    id: 'strangers',
    title: 'nodes outside the inventory',
    probes: [ask],
    judge: (answers) => strangersFinding(node, answers.get(ask)),
  })
}
