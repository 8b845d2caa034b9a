import {
  absentTree,
  compile,
  file,
  isControlPlane,
  kubeNetworkGone,
  type Node,
  type Play,
  play,
  podsGone,
  type ResetList,
  type Resource,
  type ResourceOptions,
  resetGuard,
  resetList,
  runtimeGone,
  section,
  unit,
  unitsForgotten,
} from '../src/index.ts'
import { up } from './up.ts'

const KUBELET = 'kubelet.service'
const JOURNAL = 'systemd-journald.service'

/** What Kubernetes, containerd and the network wrote beside what we did. */
const TREES = [
  '/etc/kubernetes',
  '/var/lib/kubelet',
  '/var/lib/containerd',
  '/run/containerd',
  '/etc/containerd',
  '/etc/cni/net.d',
  '/var/lib/cni',
  '/run/flannel',
  '/run/calico',
  '/run/cilium',
  '/var/lib/calico',
  '/var/log/calico',
  '/var/log/pods',
  '/var/log/containers',
  '/usr/libexec/kubernetes',
]
/** Put there by the networks' own DaemonSets. */
const NETWORK_FILES = ['flannel', 'calico', 'calico-ipam', 'cilium-cni'].map((name) => `/opt/cni/bin/${name}`)

/** What a host waits for before anything of it is touched: that the cluster lets it go. */
export type Release = Pick<ResourceOptions, 'until'>

export interface ResetWish {
  /** Refuse where the machine is still a node of a living cluster. */
  readonly refuseMember: boolean
  readonly release?: (node: Node) => Release
}

/**
 * Takes away what `up` made, and what Kubernetes made of it: nothing else. The host's own packages, users, addresses, routes
 * and sshd are no part of it.
 */
export function reset({ refuseMember, release = () => ({}) }: ResetWish): Play<Node> {
  const listOf = remembered((node: Node) =>
    resetList(
      compile(up, node).resources.map(({ resource }) => resource),
      treesOf(node),
    ),
  )
  return play('reset', [
    section<Node>('See whose work it is', 'reset', (node) => resetGuard(node, { refuseMember })),
    section<Node>('Stop the node', 'reset', (node) => [
      stopped(KUBELET, release(node)),
      podsGone({ after: [`unit:${KUBELET}`], ...release(node) }),
    ]),
    section<Node>('Remove the pod network', 'reset', (node) => [kubeNetworkGone(release(node))]),
    section<Node>('Stop the runtime', 'reset', (node) => [
      ...listOf(node)
        .units.filter((name) => name !== KUBELET)
        .map((name) => stopped(name, release(node))),
      runtimeGone(release(node)),
    ]),
    section<Node>('Remove data', 'reset', (node) =>
      treesOf(node).map((path) => absentTree({ path, ...contentOf(node, path) }, release(node))),
    ),
    section<Node>('Remove files', 'reset', (node) =>
      [...listOf(node).files, ...NETWORK_FILES].map((path) => file({ path, absent: true }, release(node))),
    ),
    section<Node>('Give the journal back', 'reset', (node) => [
      unit({ name: JOURNAL, restartOn: {} }, { title: 'journal, with the settings of the host', ...release(node) }),
    ]),
    // What says that a machine is our work is the last to go.
    section<Node>('Forget', 'reset', (node) => [
      unitsForgotten({ units: [...new Set([KUBELET, ...listOf(node).ownUnits])] }, release(node)),
    ]),
  ])
}

function stopped(name: string, release: Release): Resource {
  return unit({ name, enabled: false, active: false, timeoutMs: 120_000 }, { title: name, ...release })
}

function treesOf({ inventory }: Node): readonly string[] {
  const { dataDir } = inventory.kubernetes.etcd
  return TREES.some((tree) => dataDir === tree || dataDir.startsWith(`${tree}/`)) ? TREES : [...TREES, dataDir]
}

function contentOf(node: Node, path: string): { readonly holds?: string } {
  return isControlPlane(node) && path === node.inventory.kubernetes.etcd.dataDir
    ? { holds: 'etcd: all that the cluster knows' }
    : {}
}

/** The same answer for the same node, worked out once. */
function remembered(make: (node: Node) => ResetList): (node: Node) => ResetList {
  const made = new WeakMap<Node, ResetList>()
  return (node) => {
    const list = made.get(node) ?? make(node)
    made.set(node, list)
    return list
  }
}
