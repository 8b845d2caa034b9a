import { stringify } from 'yaml'
import {
  API_PORT,
  apiEndpoint,
  directory,
  file,
  ignoredPreflightErrors,
  isControlPlane,
  isFirst,
  joinConfiguration,
  joinTicket,
  type KubeadmInitWant,
  kubeadmFilesProbe,
  kubeadmJoin,
  kubeletPatch,
  type Node,
  PATCHES,
  play,
  type Resource,
  section,
  ticketFile,
  told,
  Value,
} from '../src/index.ts'
import { planeServes } from './planes.ts'

const JOIN_TIMEOUT_MS = 1_500_000

export function kubeadmFolders(): readonly Resource[] {
  return [directory({ path: '/etc/kubernetes' }), directory({ path: '/etc/kubernetes/provision', mode: '0700' })]
}

/** On the first control plane: the right to join, for whoever of the others is missing. */
export function letOthersIn(node: Node, after: readonly 'kubeadm:init'[]): readonly Resource[] {
  const { joining, secrets, ticket } = node.membership
  if (joining.length === 0) return []
  const file = secrets.map((made) => ({
    tokenId: made.token.slice(0, made.token.indexOf('.')),
    text: ticketFile(node, made),
  }))
  return [joinTicket({ nodes: joining, file }, { after, gives: ticket })]
}

/** A first control plane that was installed anew must not make a second cluster beside the one the others are in. */
export function otherPlanes({ membership }: Node): Pick<KubeadmInitWant, 'others'> {
  const { planes, unseenPlanes } = membership
  if (planes.size === 0 && unseenPlanes.length === 0) return {}
  const inCluster = new Value('a look at the other control planes', async () => {
    const all = await Promise.all([...planes].map(async ([name, { value }]) => ({ name, is: await value.promise })))
    return all.filter(({ is }) => is).map(({ name }) => name)
  })
  return { others: { inCluster, unseen: unseenPlanes } }
}

/** Everybody else. Nobody waits for the right to join who is in the cluster already. */
export const joinCluster = section<Node>('Join the cluster', 'cluster', (node) => {
  if (isFirst(node)) return []
  const { membership, name, address, host } = node
  const patch = `${PATCHES}/kubeletconfiguration+merge.yaml`
  const joined = membership.joined.get(name)
  const plane = membership.planes.get(name)
  return [
    ...(plane
      ? [told({ key: 'cluster:seen', title: 'cluster it is in', probes: [kubeadmFilesProbe], gives: plane })]
      : []),
    ...kubeadmFolders(),
    directory({ path: PATCHES, mode: '0700' }),
    file({ path: patch, content: kubeletPatch(node), mode: '0600' }, { title: 'kubelet settings' }),
    kubeadmJoin(
      {
        node: name,
        controlPlane: isControlPlane(node),
        endpoint: apiEndpoint(node),
        ...(isControlPlane(node) ? { ownEndpoint: `${address}:${API_PORT}` } : {}),
        first: membership.first.name,
        file: joinFile(node),
        ignorePreflightErrors: ignoredPreflightErrors(host.accept),
        timeoutMs: JOIN_TIMEOUT_MS,
      },
      // A control plane has joined once it serves, not sooner.
      { after: [`file:${patch}`], ...(joined && !isControlPlane(node) ? { gives: joined } : {}) },
    ),
    ...planeServes(node),
  ]
})

/**
 * Known once the first control plane says that this node is missing; nothing when it is not. Control planes join one after the
 * other: etcd takes one new member at a time.
 */
function joinFile(node: Node): Value<string | undefined> {
  const { ticket, secrets } = node.membership
  const before = isControlPlane(node) ? planeBefore(node) : undefined
  return ticket.value.map(async (given) => {
    await before?.value.promise
    return given && stringify(joinConfiguration(node, secrets.get(), given))
  })
}

function planeBefore({ name, membership: { joining, joined } }: Node) {
  const planes = joining.filter(({ controlPlane }) => controlPlane).map((member) => member.name)
  return joined.get(planes[planes.indexOf(name) - 1] ?? '')
}

/** For the first control plane, where only others are to be changed. */
export const letIn = play<Node>('let in', [section('Let others join', 'cluster', (node) => letOthersIn(node, []))])
