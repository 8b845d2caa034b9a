import {
  health,
  healthScript,
  isFirst,
  KUBE_ROUTER_HEALTH,
  kubeRouterObjects,
  manifests,
  type Node,
  onlyThere,
  POLICY_KINDS,
  POLICY_RECORD,
  podsServe,
  policyLines,
  policyNamespaces,
  policyObjects,
  probe,
  RELEASES,
  type Resource,
  removedObjects,
  section,
  withLivingLines,
} from '../src/index.ts'
import { nodeImages } from './artifacts.ts'

const ROLLOUT_SECONDS = 600

/** Who enforces policies where the network does not: kube-router beside Flannel. */
export const installPolicyEngine = section<Node>('Install the policy engine', 'policies', (node) => {
  if (node.inventory.network.policyEngine === undefined) return []
  return [
    ...nodeImages(node, RELEASES.kubeRouter.images),
    ...(isFirst(node) ? [appliedEngine(node)] : []),
    engineRuns(node),
  ]
})

function appliedEngine({ inventory, membership }: Node): Resource {
  const gives = membership.policyEngine ? { gives: membership.policyEngine } : {}
  return manifests('kube-router', kubeRouterObjects(inventory), {
    title: 'kube-router',
    after: ['kubeadm:init'],
    ...gives,
  })
}

/** Asked on the node itself: the engine shares its network. */
function engineRuns(node: Node): Resource {
  const ready = probe(health, KUBE_ROUTER_HEALTH)
  const { policyEngine } = node.membership
  return podsServe(
    {
      name: 'kube-router',
      wanted: 'kube-router enforces policies here',
      probes: [ready],
      holds: (answers) =>
        answers.get(ready)
          ? { holds: true, evidence: 'it says that it is well' }
          : { holds: false, evidence: `nothing says so on 127.0.0.1:${KUBE_ROUTER_HEALTH.port}` },
      test: () => healthScript(KUBE_ROUTER_HEALTH),
      awaited: 'kube-router on this node',
      pods: { namespace: 'kube-system', selector: 'k8s-app=kube-router', node: node.name },
      limitSeconds: ROLLOUT_SECONDS,
      ...(isFirst(node) ? { daemonSet: 'kube-router' } : {}),
    },
    isFirst(node)
      ? { after: ['manifests:kube-router', `condition:node-${node.name}`] }
      : { after: [`condition:node-${node.name}`], ...(policyEngine ? { until: policyEngine.value } : {}) },
  )
}

/** Who may talk to whom, as the inventory says it: what it no longer says is deleted. */
export const applyPolicies = section<Node>('Say who may talk to whom', 'policies', (node) => {
  const { policies } = node.inventory
  if (!policies || !isFirst(node)) return []
  const objects = policyObjects(policies)
  const after = ['kubeadm:init', 'manifests:policy-namespaces'] as const
  return [
    onlyThere('policy-namespaces', policyNamespaces(policies), {
      title: 'namespaces that policies are for',
      after: ['kubeadm:init'],
    }),
    manifests('policies', objects, { title: 'policies', after }, (live) => ({
      objects: withLivingLines(objects, live),
      changes: [],
    })),
    // Afterwards: between an old policy and the new one nobody is let through that neither allows.
    removedObjects(
      {
        set: 'policies',
        namespace: POLICY_RECORD.namespace,
        record: POLICY_RECORD.name,
        kinds: POLICY_KINDS,
        keep: policyLines(policies),
        recordThen: 'trimmed',
        disrupts: { NetworkPolicy: 'what it allowed or denied is no longer' },
      },
      { title: 'policies that are no longer wanted', after: ['manifests:policies'] },
    ),
  ]
})
