import type { Change } from '../core/change.ts'
import { quote } from '../core/quote.ts'
import { type Key, type Resource, type ResourceOptions, type ResourceType, resource } from '../core/resource.ts'
import { nodeOf, nodeProbe } from '../facts/kube-node.ts'
import { kubectlPrelude } from '../facts/kubectl.ts'

/** The cluster has no node of this name. */
const kubeNodeGoneType: ResourceType<string, { readonly is: string | undefined }> = {
  name: 'kube-node-gone',
  key: (name): Key => `kube-node:${name}`,
  paths: () => [],
  probes: (name) => [nodeProbe(name)],
  // What its kubelet reports moves by itself, and so does the cordon before.
  guards: () => [],
  observe(name, answers) {
    const seen = answers.get(nodeProbe(name))
    if (seen.state === 'none') return { unknown: 'there is no cluster on this host' }
    if (seen.state === 'down') return { unknown: `the API server does not answer: ${seen.reason}` }
    if (seen.state === 'absent') return { is: undefined }
    return { is: nodeOf(seen.object).ready ? 'a node, Ready' : 'a node, not Ready' }
  },
  diff: (_name, { is }): readonly Change[] => (is === undefined ? [] : [{ what: '', from: is, to: 'absent' }]),
  steps: (name, { is }) =>
    is === undefined
      ? []
      : [
          {
            title: `delete node ${name}`,
            body: `${kubectlPrelude(60)}\nk delete node ${quote(name)} --ignore-not-found --timeout=120s`,
            timeoutMs: 180_000,
          },
        ],
  evidence: (name) => `the cluster has no node ${name}`,
}

export function kubeNodeGone(name: string, options: ResourceOptions = {}): Resource {
  return resource(kubeNodeGoneType, name, { title: `node ${name}`, ...options })
}
