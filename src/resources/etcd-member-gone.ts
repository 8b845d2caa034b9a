import type { Change } from '../core/change.ts'
import { type Key, type Resource, type ResourceOptions, type ResourceType, resource } from '../core/resource.ts'
import { ETCDCTL, type EtcdMember, etcdMembersProbe } from '../facts/etcd-members.ts'

export interface EtcdMemberWant {
  /** Name of the node whose member is to leave; looked at from another control plane. */
  readonly node: string
}

/** No member of etcd is called so. Whether those that stay can go on without it is judged before (`quorum`). */
const etcdMemberGoneType: ResourceType<EtcdMemberWant, { readonly found: readonly EtcdMember[] }> = {
  name: 'etcd-member-gone',
  key: ({ node }): Key => `etcd-member:${node}`,
  paths: () => [],
  probes: () => [etcdMembersProbe],
  observe({ node }, answers) {
    const seen = answers.get(etcdMembersProbe)
    if (seen.state === 'down') return { unknown: `etcd does not answer here: ${seen.reason}` }
    // With an etcd of somebody else's there is nothing to leave.
    return { found: seen.state === 'none' ? [] : seen.members.filter(({ name }) => name === node) }
  },
  diff: (_want, { found }): readonly Change[] =>
    found.map(({ id }) => ({ what: '', from: `member ${id}`, to: 'absent' })),
  steps: ({ node }, { found }) =>
    found.map(({ id }) => ({
      title: `take ${node} out of etcd`,
      body: `${ETCDCTL}\netcdctl member remove ${id}`,
      timeoutMs: 120_000,
    })),
  evidence: ({ node }) => `no member is called ${node}`,
}

export function etcdMemberGone(want: EtcdMemberWant, options: ResourceOptions = {}): Resource {
  return resource(etcdMemberGoneType, want, { title: `etcd member ${want.node}`, ...options })
}
