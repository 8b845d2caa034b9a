import {
  condition,
  flannelObjects,
  kubectlPrelude,
  kubeProbe,
  later,
  manifests,
  type Node,
  nodeOf,
  RELEASES,
  rolloutOf,
  section,
} from '../src/index.ts'
import { nodeImages } from './artifacts.ts'

const DAEMON_SET = kubeProbe('apps/v1', 'DaemonSet', 'kube-flannel/kube-flannel-ds')
const ROLLOUT_TIMEOUT_MS = 600_000

/** Flannel: upstream's manifest with our settings in it, applied by the server under our own name. */
export const installNetwork = section<Node>('Install the network', 'network', (node) => {
  const { podSubnet } = node.inventory.kubernetes
  const applied = { title: 'Flannel', after: ['kubeadm:init'] as const }
  return [
    ...nodeImages(node, RELEASES.flannel.images),
    later(
      'manifests:flannel',
      node.artifacts.manifest('kube-flannel.yml'),
      (text) => manifests('flannel', flannelObjects(text, { podSubnet, network: node.inventory.network }), applied),
      applied,
    ),
    condition(
      {
        name: 'flannel',
        wanted: 'Flannel runs on every node',
        probes: [DAEMON_SET],
        holds(answers) {
          const seen = answers.get(DAEMON_SET)
          if (seen.state !== 'present') return { holds: false, evidence: 'absent' }
          const rollout = rolloutOf(seen.object)
          return { holds: rollout.complete, evidence: `${rollout.available} of ${rollout.wanted} available` }
        },
        wait: `${kubectlPrelude(0)}
k -n kube-flannel rollout status daemonset/kube-flannel-ds --timeout=${ROLLOUT_TIMEOUT_MS / 1000}s`,
        timeoutMs: ROLLOUT_TIMEOUT_MS + 30_000,
      },
      { after: ['manifests:flannel'] },
    ),
    nodeReady(node),
  ]
})

function nodeReady({ name }: Node) {
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
