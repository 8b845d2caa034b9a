import {
  CILIUM,
  CILIUM_DEFINITIONS,
  CILIUM_KINDS,
  CILIUM_NAMESPACE,
  CILIUM_RECORD,
  ciliumKinds,
  ciliumObjects,
  ciliumPoolLines,
  ciliumPools,
  ciliumRelease,
  health,
  healthScript,
  isFirst,
  type Key,
  later,
  manifests,
  type Node,
  podsServe,
  probe,
  type Resource,
  removedObjects,
  settledCilium,
} from '../src/index.ts'
import { asApplied, onceApplied } from './network-applied.ts'

const LIMIT_SECONDS = 600

/** The agent answers on the loopback of its host. Source: the chart's own probes. */
const AGENT = { port: 9879, path: '/healthz' } as const

/** Cilium: its chart, rendered on this machine with values from the inventory; then the addresses it is to give to Services. */
export function cilium(node: Node): readonly Resource[] {
  return [...(isFirst(node) ? [appliedCilium(node)] : []), agentServes(node), ...(isFirst(node) ? pools(node) : [])]
}

function appliedCilium(node: Node): Resource {
  const { artifacts, inventory, fitting } = node
  const options = { title: 'Cilium', after: ['kubeadm:init'], ...asApplied(node) } as const
  return later(
    'manifests:cilium',
    artifacts.rendered(CILIUM.chart.name, ciliumRelease(node)),
    (text) => manifests('cilium', ciliumObjects(text, undefined), options, settledCilium(text, inventory, fitting)),
    options,
  )
}

function agentServes(self: Node): Resource {
  const ready = probe(health, AGENT)
  return podsServe(
    {
      name: 'cilium',
      wanted: 'Cilium serves this node',
      probes: [ready],
      holds: (answers) =>
        answers.get(ready)
          ? { holds: true, evidence: 'its agent is well' }
          : { holds: false, evidence: `nothing well answers on 127.0.0.1:${AGENT.port}` },
      test: () => healthScript(AGENT),
      awaited: "Cilium's agent on this node",
      pods: { namespace: CILIUM_NAMESPACE, selector: 'k8s-app=cilium', node: self.name },
      limitSeconds: LIMIT_SECONDS,
      ...(isFirst(self) ? { daemonSet: 'cilium' } : {}),
    },
    isFirst(self) ? { after: ['manifests:cilium'] } : { after: ['kubeadm:join'], ...onceApplied(self) },
  )
}

function kindsServed(): Resource {
  const names = CILIUM_DEFINITIONS.map((name) => `crd/${name}`).join(' ')
  return podsServe(
    {
      name: 'cilium-kinds',
      wanted: "the API server serves Cilium's kinds",
      ...ciliumKinds,
      test: () => `said=$(k wait --for=condition=Established ${names} --timeout=10s 2>&1)`,
      awaited: "Cilium's kinds, which its operator makes",
      pods: { namespace: CILIUM_NAMESPACE, selector: 'io.cilium/app=operator' },
      limitSeconds: LIMIT_SECONDS,
    },
    { after: ['manifests:cilium'] },
  )
}

/** Where none are wanted any more, those of a run before go all the same. */
function pools(node: Node): readonly Resource[] {
  if (node.inventory.network.cilium.l2Announcements === undefined) return [withoutOldPools(node, 'manifests:cilium')]
  return [kindsServed(), withoutOldPools(node, 'condition:cilium-kinds'), appliedPools(node)]
}

function withoutOldPools({ inventory }: Node, after: Key): Resource {
  const gone = 'Services with an address of it get another one, or none'
  return removedObjects(
    {
      set: 'cilium-pools',
      namespace: CILIUM_NAMESPACE,
      record: CILIUM_RECORD,
      kinds: CILIUM_KINDS,
      keep: ciliumPoolLines(inventory.network),
      ...(inventory.network.cilium.l2Announcements === undefined ? { recordThen: 'gone' } : {}),
      disrupts: { CiliumLoadBalancerIPPool: gone, CiliumL2AnnouncementPolicy: 'nobody answers ARP for its addresses' },
    },
    { title: 'pools that are no longer wanted', after: [after] },
  )
}

function appliedPools({ inventory }: Node): Resource {
  return manifests('cilium-pools', ciliumPools(inventory.network), {
    title: "Cilium's pools",
    after: ['condition:cilium-kinds', 'removed:cilium-pools'],
  })
}
