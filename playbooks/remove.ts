import {
  type Deferred,
  drained,
  etcdMemberGone,
  kubeNodeGone,
  type Node,
  type Play,
  play,
  type Removal,
  removalGuard,
  section,
} from '../src/index.ts'

export interface RemoveWish extends Removal {
  /** For evictions, of each node. */
  readonly drainSeconds: number
  /** Delete pods nothing brings back. */
  readonly force: boolean
  /** Given for each node once the cluster has let it go. */
  readonly released: ReadonlyMap<string, Deferred<boolean>>
}

/** On a control plane that stays: nodes are emptied, leave etcd, and then the cluster. */
export function remove(wish: RemoveWish): Play<Node> {
  const { nodes, members, dead, drainSeconds, force, released } = wish
  return play('remove', [
    section<Node>('See that the cluster can go on', 'remove', () => removalGuard(wish)),
    section<Node>('Empty the nodes', 'remove', () =>
      dead ? [] : nodes.map((node) => drained({ node, purpose: 'removal', timeoutSeconds: drainSeconds, force })),
    ),
    // One at a time: etcd decides about each with those that are there then.
    section<Node>('Leave etcd', 'remove', () =>
      members.map((node, i) => {
        const before = members[i - 1]
        return etcdMemberGone({ node }, before === undefined ? {} : { after: [`etcd-member:${before}`] })
      }),
    ),
    section<Node>('Leave the cluster', 'remove', () =>
      nodes.map((node) => {
        const gives = released.get(node)
        const after = [
          ...(dead ? [] : [`drained:${node}` as const]),
          ...(members.includes(node) ? [`etcd-member:${node}` as const] : []),
        ]
        return kubeNodeGone(node, { after, ...(gives ? { gives } : {}) })
      }),
    ),
  ])
}
