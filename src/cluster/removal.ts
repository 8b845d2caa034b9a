import { requirement } from '../core/requirement.ts'
import type { Resource } from '../core/resource.ts'
import { etcdMembersProbe } from '../facts/etcd-members.ts'
import { nodeOf, nodeProbe } from '../facts/kube-node.ts'
import { quorumWithout } from './quorum.ts'

export interface Removal {
  readonly nodes: readonly string[]
  /** Those of them that may have a member of etcd: control planes, and whoever the inventory does not know. */
  readonly members: readonly string[]
  /** They are gone for good: nothing is drained, nobody visits them. */
  readonly dead: boolean
}

/** What must hold before a node is taken out of a cluster, looked at on a control plane that stays. */
export function removalGuard({ nodes, members, dead }: Removal): readonly Resource[] {
  return [...(members.length > 0 ? [quorum(members)] : []), ...(dead ? nodes.map(reallyDead) : [])]
}

function quorum(nodes: readonly string[]): Resource {
  return requirement({
    id: 'etcd-quorum',
    title: 'etcd goes on',
    probes: [etcdMembersProbe],
    judge(answers) {
      const seen = answers.get(etcdMembersProbe)
      const base = {
        threshold: 'most of the members that stay answer',
        severity: 'required',
        fix: 'mend the members that do not answer first, or bring back a snapshot: provision etcd restore',
      } as const
      if (seen.state === 'none') return { ...base, met: true, evidence: 'there is no etcd on this host' }
      if (seen.state === 'down') return { ...base, met: false, evidence: `etcd does not answer here: ${seen.reason}` }
      const { ok, evidence } = quorumWithout(seen.members, nodes)
      return { ...base, met: ok, evidence }
    },
  })
}

/** A node that is removed as dead and lives would go on running its pods, and nobody would know of them. */
function reallyDead(name: string): Resource {
  const node = nodeProbe(name)
  return requirement({
    id: `dead:${name}`,
    title: `${name} is dead`,
    probes: [node],
    judge(answers) {
      const seen = answers.get(node)
      const isReady = seen.state === 'present' && nodeOf(seen.object).ready
      return {
        met: !isReady,
        evidence: isReady ? 'it is Ready: its kubelet reports to the cluster' : 'its kubelet does not report',
        threshold: 'not Ready',
        severity: 'required',
        fix: 'without --dead it is drained and cleaned; or switch it off first',
      }
    },
  })
}
