import {
  API_PORT,
  condition,
  isControlPlane,
  isFirst,
  kubectlPrelude,
  kubeProbe,
  type Node,
  podIsReady,
  type Resource,
  waitUntil,
} from '../src/index.ts'

const LIMIT_SECONDS = 600

/**
 * One of several control planes counts only when it carries its part: its own API server answers, and its etcd takes part in
 * the majority. Its pods' probes ask exactly that (`/readyz` of each: etcd's wants an answer the majority agreed on), so the
 * look is one request more of a kubectl that runs anyhow. The next one joins after this, and not before.
 */
export function planeServes(node: Node): readonly Resource[] {
  const { name, address, membership } = node
  if (!isControlPlane(node) || membership.controlPlanes.length === 1) return []
  const pods = ['kube-apiserver', 'etcd'].map((part) => `${part}-${name}`)
  const probes = pods.map((pod) => kubeProbe('v1', 'Pod', `kube-system/${pod}`))
  const joined = membership.joined.get(name)
  return [
    condition(
      {
        name: 'control-plane',
        wanted: `control plane ${name} serves`,
        probes,
        holds(answers) {
          const late = probes.map((each, i) => ({ pod: pods[i] ?? '', seen: answers.get(each) })).filter(notReady)
          const evidence = late.map(
            ({ pod, seen }) => `${pod} is ${seen.state === 'present' ? 'not ready' : 'not there'}`,
          )
          return { holds: late.length === 0, evidence: evidence.join(', ') || 'its API server and its etcd are ready' }
        },
        wait: `${kubectlPrelude(10)}
own() { [ "$(k --server https://${address}:${API_PORT} get --raw /readyz 2>/dev/null)" = ok ]; }
pods() { k -n kube-system wait --for=condition=Ready --timeout=5s ${pods.map((pod) => `pod/${pod}`).join(' ')} >/dev/null 2>&1; }
${waitUntil('own && pods', LIMIT_SECONDS, `${pods.join(' and ')} ready, and an answer from https://${address}:${API_PORT}/readyz`)}`,
        timeoutMs: (LIMIT_SECONDS + 60) * 1000,
      },
      { after: [isFirst(node) ? 'kubeadm:init' : 'kubeadm:join'], ...(joined ? { gives: joined } : {}) },
    ),
  ]
}

function notReady({ seen }: { readonly seen: Parameters<typeof podIsReady>[0] }): boolean {
  return !podIsReady(seen)
}
