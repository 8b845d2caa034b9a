import { stringify } from 'yaml'
import {
  batches,
  controlPlaneImages,
  drained,
  file,
  inService,
  isControlPlane,
  isFirst,
  KUBERNETES_PROGRAMS,
  kubeadmFile,
  kubeadmUpgrade,
  nodeMayFollow,
  type Play,
  type PlaySection,
  play,
  type Resource,
  type Rollout,
  releasesOf,
  section,
  snapshotBefore,
  type Turn,
  told,
  turn,
  type UpgradeNode,
  upgradeConfiguration,
  upgradePath,
  workerImages,
} from '../src/index.ts'
import { installPrograms, nodeImages } from './artifacts.ts'
import { KUBEADM_CONFIG, kubeletService } from './cluster.ts'
import { kubeadmFolders } from './join.ts'
import { installRuntime } from './runtime.ts'
import { addonsFollow, hasVersion, kubeletFollows, kubeletSettings } from './upgrade-node.ts'

const UPGRADE_TIMEOUT_MS = 2_400_000

/**
 * The list behind `provision upgrade`. The first control plane goes first, and gives out the turns: the other control planes one
 * after the other, then the workers. A machine that is drained may be changed; the next turn comes when it is back.
 */
export function upgrade(rollout: Rollout): Play<UpgradeNode> {
  return play('upgrade', [
    mayGo,
    wayBack,
    newImages,
    waitForTurn,
    upgradeControlPlane,
    drainFirst,
    installRuntime,
    upgradeNode,
    firstBack,
    ...batches(rollout).flatMap(takeTurns),
    settleAddons,
  ])
}

const mayGo = section<UpgradeNode>('Verify the way', 'verify', (node) => [
  isFirst(node) ? upgradePath(node) : nodeMayFollow(node),
])

const wayBack = section<UpgradeNode>('Keep a way back', 'snapshot', (node) =>
  isFirst(node) ? [...kubeadmFolders(), snapshotBefore(node.inventory.kubernetes.version)] : [],
)

/** Before anything is disrupted. */
const newImages = section<UpgradeNode>('Fetch what the new version runs', 'images', (node) => {
  const releases = releasesOf(node.inventory)
  const images = nodeImages(node, isControlPlane(node) ? controlPlaneImages(releases) : workerImages(releases), [])
  const gives = turnOf(node)?.ready
  if (!gives) return images
  const ready = told({ key: 'upgrade:ready', title: 'ready for its turn', probes: [], gives })
  return [...images, { ...ready, after: images.map(({ key }) => key) }]
})

const waitForTurn = section<UpgradeNode>('Wait for its turn', 'upgrade', (node) => {
  const mine = turnOf(node)
  if (!mine) return []
  return [turn({ node: node.name, title: 'its turn', given: mine.drained.value, needless: hasVersion(node) })]
})

function turnOf({ name, rollout }: UpgradeNode): Turn | undefined {
  return rollout.turns.find((each) => each.name === name)
}

/** kubeadm, and with it the static pods; on a worker kubeadm only writes the kubelet's settings anew. */
const upgradeControlPlane = section<UpgradeNode>('Upgrade the control plane', 'upgrade', (node) => {
  const { version } = node.inventory.kubernetes
  const before = [
    ...(isFirst(node) ? [] : kubeadmFolders()),
    ...installPrograms(
      node,
      KUBERNETES_PROGRAMS.filter(({ name }) => name === 'kubeadm'),
    ),
  ]
  const config = stringify(upgradeConfiguration(node))
  if (!isControlPlane(node)) return [...before, kubeletSettings(node, config)]
  const { pause: _pause, coredns: _coredns, ...images } = controlPlaneImages(releasesOf(node.inventory))
  const { 'kube-proxy': _proxy, ...pods } = images
  const tags = Object.fromEntries(Object.entries(pods).map(([name, image]) => [name, image.replace(/^.*:/, '')]))
  const how = isFirst(node) ? 'apply' : 'node'
  return [
    ...before,
    kubeadmUpgrade({ version, tags, how, config, timeoutMs: UPGRADE_TIMEOUT_MS }),
    ...(isFirst(node) ? [kubeadmConfig(node)] : []),
  ]
})

/** As `up` writes it: it says the same of the version. */
function kubeadmConfig(node: UpgradeNode): Resource {
  return file(
    { path: KUBEADM_CONFIG, content: kubeadmFile(node), mode: '0600' },
    { title: 'kubeadm configuration', after: ['kubeadm:upgrade'] },
  )
}

/** Nothing is gained by it where its pods cannot be anywhere else. */
const drainFirst = section<UpgradeNode>('Drain the first control plane', 'upgrade', (node) =>
  isFirst(node) && node.inventory.hosts.length > 1 ? [drainedFor(node, node.name)] : [],
)

function drainedFor(node: UpgradeNode, name: string, of?: Turn): Resource {
  return drained(
    {
      node: name,
      purpose: 'upgrade',
      needless: hasVersion(node),
      timeoutSeconds: node.rollout.drainSeconds,
    },
    of ? { gives: of.drained, until: of.ready.value } : {},
  )
}

const upgradeNode = section<UpgradeNode>('Upgrade the node', 'upgrade', (node) => [
  ...installPrograms(
    node,
    KUBERNETES_PROGRAMS.filter(({ name }) => name !== 'kubeadm'),
  ),
  ...kubeletService(node),
  kubeletFollows(node, turnOf(node)?.renewed),
])

const firstBack = section<UpgradeNode>('Return the first control plane', 'upgrade', (node) =>
  isFirst(node) && node.inventory.hosts.length > 1
    ? [inService({ node: node.name, purpose: 'upgrade' }, { after: [`drained:${node.name}`] })]
    : [],
)

/** On the first control plane: those who are away together. */
function takeTurns(turns: readonly Turn[]): readonly PlaySection<UpgradeNode>[] {
  const names = turns.map(({ name }) => name).join(', ')
  return [
    section<UpgradeNode>(`Drain ${names}`, 'upgrade', (node) =>
      isFirst(node) ? turns.map((each) => drainedFor(node, each.name, each)) : [],
    ),
    section<UpgradeNode>(`Return ${names}`, 'upgrade', (node) =>
      isFirst(node)
        ? turns.flatMap(({ name, renewed }) => [
            turn({ node: name, title: `${name} upgraded`, given: renewed.value, needless: hasVersion(node) }),
            inService({ node: name, purpose: 'upgrade' }, { after: [`drained:${name}`], until: renewed.value }),
          ])
        : [],
    ),
  ]
}

/** kubeadm brings them along with the last control plane; a run that was killed just then left them behind. */
const settleAddons = section<UpgradeNode>('Settle the cluster', 'upgrade', (node) =>
  isFirst(node) && allPlanes(node) ? addonsFollow(node, stringify(upgradeConfiguration(node))) : [],
)

/** kubeadm leaves them as they are until no control plane is of the old version. */
function allPlanes({ inventory, membership, rollout }: UpgradeNode): boolean {
  const visited = [membership.first.name, ...rollout.turns.map(({ name }) => name)]
  return inventory.hosts.every(({ name, roles }) => !roles.includes('control-plane') || visited.includes(name))
}
