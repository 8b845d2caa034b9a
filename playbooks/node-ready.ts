import { condition, kubectlPrelude, kubeProbe, type Node, nodeOf, type Resource, waitUntil } from '../src/index.ts'

const READY_SECONDS = 600

/** Asked on the node itself: its kubelet may read its own Node. */
export function nodeReady({ name, inventory }: Node): Resource {
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
      wait: `${kubectlPrelude(20)}
${waitUntil(`said=$(k wait --for=condition=Ready node/${name} --timeout=10s 2>&1)`, READY_SECONDS, `node ${name} Ready`)}`,
      timeoutMs: (READY_SECONDS + 60) * 1000,
    },
    { after: ['kubelet:settings', `condition:${inventory.network.cni}`] },
  )
}
