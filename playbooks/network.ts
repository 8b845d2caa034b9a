import {
  condition,
  FLANNEL_DEVICES,
  FLANNEL_SUBNET,
  flannelBackendMtu,
  flannelDevice,
  flannelObjects,
  flannelSettledScript,
  flannelSubnetProbe,
  isFirst,
  kubectlPrelude,
  kubeProbe,
  later,
  manifests,
  type Node,
  nodeOf,
  podMtuBounds,
  RELEASES,
  type Resource,
  type ResourceOptions,
  section,
  settledFlannel,
  waitUntil,
} from '../src/index.ts'
import { nodeImages } from './artifacts.ts'

const ROLLOUT_TIMEOUT_MS = 600_000

export function networkImages(node: Node): readonly Resource[] {
  return nodeImages(node, RELEASES.flannel.images)
}

/** Flannel: upstream's manifest with our settings in it, applied by the server under our own name. */
export const installNetwork = section<Node>('Install the network', 'network', (node) => [
  ...(isFirst(node) ? [...networkImages(node), appliedFlannel(node)] : []),
  flannelRuns(node),
  ...tunnel(node),
  nodeReady(node),
])

function appliedFlannel({ artifacts, inventory, membership, fitting }: Node): Resource {
  const { podSubnet } = inventory.kubernetes
  const gives = membership.network ? { gives: membership.network } : {}
  const options = { title: 'Flannel', after: ['kubeadm:init'], ...gives } as const
  return later(
    'manifests:flannel',
    artifacts.manifest('kube-flannel.yml'),
    (text) => {
      const settings = { podSubnet, network: inventory.network }
      return manifests('flannel', flannelObjects(text, settings), options, settledFlannel(text, settings, fitting))
    },
    options,
  )
}

/** Its own pod tells the CNI plugin of this node which addresses to give out; before that no other pod can start here. */
function flannelRuns(self: Node): Resource {
  // Where this run leaves out the first control plane, nothing makes Flannel's MTU another.
  const isApplied = self.membership.network !== undefined
  const takenOff = flannelBackendMtu(0, self.inventory.network.backend) ?? 0
  return condition(
    {
      name: 'flannel',
      wanted: 'Flannel serves this node',
      probes: [flannelSubnetProbe],
      holds(answers) {
        const seen = answers.get(flannelSubnetProbe)
        if (!seen) return { holds: false, evidence: 'it has not told the CNI plugin anything yet' }
        const { least = 0, most = seen.mtu } = podMtuBounds(self.inventory.network, self.fitting) ?? {}
        const fits = seen.mtu >= least && seen.mtu <= most
        const isRead = seen.configuredMtu === undefined || seen.configuredMtu - takenOff === seen.mtu
        const left = isApplied ? '' : ': run it for all hosts'
        const off = fits ? (isRead ? '' : `, and ${seen.configuredMtu} is configured`) : `, not ${most}${left}`
        return { holds: isRead && (fits || !isApplied), evidence: `pods ${seen.subnet}, MTU ${seen.mtu}${off}` }
      },
      // What fits may be known only once hosts have met.
      get wait() {
        const bounds = isApplied ? podMtuBounds(self.inventory.network, self.fitting) : undefined
        const what = bounds ? ` with an MTU of ${bounds.most}` : ''
        return waitUntil(
          flannelSettledScript(takenOff, bounds),
          ROLLOUT_TIMEOUT_MS / 1000,
          `${FLANNEL_SUBNET}, which flanneld writes${what} when it has started`,
        )
      },
      timeoutMs: ROLLOUT_TIMEOUT_MS + 30_000,
    },
    isFirst(self) ? { after: ['manifests:flannel'] } : { after: ['kubeadm:join'], ...onceApplied(self) },
  )
}

function tunnel({ inventory }: Node): readonly Resource[] {
  const device = FLANNEL_DEVICES[inventory.network.backend]
  return device === undefined ? [] : [flannelDevice(device, { after: ['condition:flannel'] })]
}

function onceApplied({ membership }: Node): Pick<ResourceOptions, 'until'> {
  return membership.network ? { until: membership.network.value } : {}
}

/** Asked on the node itself: its kubelet may read its own Node. */
function nodeReady({ name }: Node): Resource {
  const node = kubeProbe('v1', 'Node', name)
  return condition(
    {
      name: `node-${name}`,
      wanted: `node ${name} is Ready`,
      probes: [node],
      holds(answers) {
        const answer = answers.get(node)
        if (answer.state === 'down')
          return { holds: false, evidence: `the API server does not answer: ${answer.reason}` }
        if (answer.state !== 'present') return { holds: false, evidence: 'not registered' }
        const seen = nodeOf(answer.object)
        return seen.ready
          ? {
              holds: true,
              evidence: `Ready; kubelet ${seen.kubeletVersion}, ${seen.runtimeVersion}, pods ${seen.podCIDR ?? 'without a range'}`,
            }
          : { holds: false, evidence: seen.message }
      },
      // An API server that has just been started refuses what it will allow in a moment.
      wait: `${kubectlPrelude(0)}
${waitUntil(
  `said=$(k wait --for=condition=Ready node/${name} --timeout=${ROLLOUT_TIMEOUT_MS / 1000}s 2>&1)`,
  ROLLOUT_TIMEOUT_MS / 1000,
  `node ${name} Ready`,
)}`,
      timeoutMs: ROLLOUT_TIMEOUT_MS + 30_000,
    },
    { after: ['kubelet:settings', 'condition:flannel'] },
  )
}
