import {
  condition,
  FLANNEL_SUBNET,
  flannelObjects,
  flannelSubnetProbe,
  isFirst,
  kubectlPrelude,
  kubeProbe,
  later,
  manifests,
  type Node,
  nodeOf,
  RELEASES,
  type Resource,
  type ResourceOptions,
  section,
  waitUntil,
} from '../src/index.ts'
import { nodeImages } from './artifacts.ts'

const ROLLOUT_TIMEOUT_MS = 600_000

/** Flannel: upstream's manifest with our settings in it, applied by the server under our own name; images on every node. */
export const installNetwork = section<Node>('Install the network', 'network', (node) => [
  ...nodeImages(node, RELEASES.flannel.images),
  ...(isFirst(node) ? [appliedFlannel(node)] : []),
  flannelRuns(node),
  nodeReady(node),
])

function appliedFlannel({ artifacts, inventory, membership }: Node): Resource {
  const { podSubnet } = inventory.kubernetes
  const gives = membership.network ? { gives: membership.network } : {}
  const options = { title: 'Flannel', after: ['kubeadm:init'], ...gives } as const
  return later(
    'manifests:flannel',
    artifacts.manifest('kube-flannel.yml'),
    (text) => manifests('flannel', flannelObjects(text, { podSubnet, network: inventory.network }), options),
    options,
  )
}

/** Its own pod tells the CNI plugin of this node which addresses to give out; before that no other pod can start here. */
function flannelRuns(self: Node): Resource {
  return condition(
    {
      name: 'flannel',
      wanted: 'Flannel serves this node',
      probes: [flannelSubnetProbe],
      holds(answers) {
        const seen = answers.get(flannelSubnetProbe)
        return seen
          ? { holds: true, evidence: `pods ${seen.subnet}, MTU ${seen.mtu}` }
          : { holds: false, evidence: 'it has not told the CNI plugin anything yet' }
      },
      wait: waitUntil(
        `[ -s ${FLANNEL_SUBNET} ]`,
        ROLLOUT_TIMEOUT_MS / 1000,
        `${FLANNEL_SUBNET}, which flanneld writes`,
      ),
      timeoutMs: ROLLOUT_TIMEOUT_MS + 30_000,
    },
    isFirst(self) ? { after: ['manifests:flannel'] } : { after: ['kubeadm:join'], ...onceApplied(self) },
  )
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
        if (answer.state !== 'present') return { holds: false, evidence: 'not registered' }
        const seen = nodeOf(answer.object)
        return seen.ready
          ? {
              holds: true,
              evidence: `Ready; kubelet ${seen.kubeletVersion}, ${seen.runtimeVersion}, pods ${seen.podCIDR ?? 'without a range'}`,
            }
          : { holds: false, evidence: seen.message }
      },
      wait: `${kubectlPrelude(0)}
k wait --for=condition=Ready node/${name} --timeout=${ROLLOUT_TIMEOUT_MS / 1000}s`,
      timeoutMs: ROLLOUT_TIMEOUT_MS + 30_000,
    },
    { after: ['condition:flannel'] },
  )
}
