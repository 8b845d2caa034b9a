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
  later,
  manifests,
  type Node,
  podMtuBounds,
  type Resource,
  settledFlannel,
  waitUntil,
} from '../src/index.ts'
import { onceApplied } from './network-applied.ts'

const ROLLOUT_TIMEOUT_MS = 600_000

/** Flannel: upstream's manifest with our settings in it, applied by the server under our own name. */
export function flannel(node: Node): readonly Resource[] {
  return [...(isFirst(node) ? [appliedFlannel(node)] : []), flannelRuns(node), ...tunnel(node)]
}

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
