import type { EtcdMember } from '../facts/etcd-members.ts'

export interface QuorumVerdict {
  readonly ok: boolean
  /** What was seen, and why that is enough or not. */
  readonly evidence: string
}

/**
 * Whether etcd can lose the members of these nodes: those there are must be able to decide it now, and those that stay must be
 * able to go on. A majority is more than half. https://etcd.io/docs/v3.6/faq/#what-is-failure-tolerance
 */
export function quorumWithout(
  members: readonly Pick<EtcdMember, 'name' | 'healthy'>[],
  leaving: readonly string[],
): QuorumVerdict {
  const left = members.filter(({ name }) => !leaving.includes(name))
  const isLeaving = left.length < members.length
  const silent = left.filter(({ healthy }) => !healthy).map(({ name }) => name || 'a member without a name')
  const stays = `${left.length - silent.length} of the ${left.length} that stay answer`
  if (!isLeaving) return { ok: true, evidence: 'no member of etcd leaves' }
  if (left.length === 0) return { ok: false, evidence: 'no member would be left: that is the end of the cluster' }
  const healthyNow = members.filter(({ healthy }) => healthy).length
  if (healthyNow < majority(members.length))
    return {
      ok: false,
      evidence: `${healthyNow} of ${members.length} members answer, ${majority(members.length)} must to decide anything`,
    }
  if (left.length - silent.length < majority(left.length))
    return { ok: false, evidence: `${stays}, ${majority(left.length)} must (silent: ${silent.join(', ')})` }
  return { ok: true, evidence: stays }
}

function majority(members: number): number {
  return Math.floor(members / 2) + 1
}
