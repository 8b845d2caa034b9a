import {
  condition,
  health,
  healthScript,
  isFirst,
  kubectlPrelude,
  kubeProbe,
  type LoadBalancer,
  later,
  METALLB_KINDS,
  METALLB_NAMESPACE,
  METALLB_RECORD,
  madeRoom,
  manifests,
  metallbConfig,
  metallbLines,
  metallbObjects,
  type Node,
  podsServe,
  poolEvidence,
  poolRefs,
  poolsInTheWay,
  probe,
  RELEASES,
  type Resource,
  removedObjects,
  rolledOutScript,
  section,
  Value,
  WEBHOOK_PROBES,
  waitUntil,
  webhookEvidence,
  webhookScript,
} from '../src/index.ts'
import { nodeImages } from './artifacts.ts'

const ROLLOUT_SECONDS = 600
const SPEAKER = { port: 17_472, path: '/readyz' } as const

/**
 * MetalLB: upstream's manifest without FRR, applied by the server under our own name; then the inventory's pools, once the
 * webhook that checks them answers; images and a speaker on every node.
 */
export const installLoadBalancer = section<Node>('Install the load balancer', 'load-balancer', (node) => {
  const { loadBalancer } = node.inventory
  if (!loadBalancer) return []
  return [
    ...nodeImages(node, RELEASES.metallb.images),
    ...(isFirst(node)
      ? [
          appliedMetallb(node),
          webhookAnswers(loadBalancer),
          withoutOldPools(loadBalancer),
          roomForPools(loadBalancer),
          appliedPools(loadBalancer),
        ]
      : []),
    speakerRuns(node),
  ]
})

function appliedMetallb({ artifacts, inventory, membership }: Node): Resource {
  const gives = membership.loadBalancer ? { gives: membership.loadBalancer } : {}
  const options = { title: 'MetalLB', after: ['kubeadm:init'], ...gives } as const
  return later(
    'manifests:metallb',
    artifacts.manifest('metallb-native.yaml'),
    (text) => manifests('metallb', metallbObjects(text, inventory.hosts), options),
    options,
  )
}

/**
 * Before that every pool is refused: the controller makes itself a certificate, tells the API server of it, and then begins to
 * listen. No status says when that is so, but an answer does, to a pool that nobody stores.
 */
function webhookAnswers(loadBalancer: LoadBalancer): Resource {
  return podsServe(
    {
      name: 'metallb-webhook',
      wanted: "MetalLB's webhook answers",
      probes: Object.values(WEBHOOK_PROBES),
      holds: webhookEvidence,
      functions: webhookScript(loadBalancer),
      test: () => `${rolledOutScript(METALLB_NAMESPACE, 'deployment/controller')} && webhook_answers`,
      awaited: "an answer from MetalLB's webhook",
      pods: { namespace: METALLB_NAMESPACE, selector: 'app=metallb,component=controller' },
      limitSeconds: 2 * ROLLOUT_SECONDS,
    },
    { after: ['manifests:metallb'] },
  )
}

function withoutOldPools(loadBalancer: LoadBalancer): Resource {
  const gone = 'Services with an address of it get another one, or none'
  return removedObjects(
    {
      set: 'metallb-config',
      namespace: METALLB_NAMESPACE,
      record: METALLB_RECORD,
      kinds: METALLB_KINDS,
      keep: metallbLines(loadBalancer),
      disrupts: { IPAddressPool: gone, L2Advertisement: 'nobody answers ARP for its addresses any more' },
    },
    { title: 'pools that are no longer wanted', after: ['condition:metallb-webhook'] },
  )
}

/** Addresses go from one pool to another in two turns: its webhook takes no two pools with the same ones. */
function roomForPools(loadBalancer: LoadBalancer): Resource {
  const refs = poolRefs(loadBalancer)
  return madeRoom(
    { set: 'metallb-config', refs, inTheWay: (live) => poolsInTheWay(loadBalancer, live) },
    { title: 'pools that have addresses of others', after: ['removed:metallb-config'] },
  )
}

function appliedPools(loadBalancer: LoadBalancer): Resource {
  const after = ['condition:metallb-webhook', 'removed:metallb-config', 'room:metallb-config'] as const
  const options = { title: "MetalLB's pools", after }
  const secrets = Object.entries(loadBalancer.metallb.peers).flatMap(([name, { password }]) =>
    password === undefined ? [] : [[name, password] as const],
  )
  if (secrets.length === 0) return manifests('metallb-config', metallbConfig(loadBalancer, {}), options)
  const passwords = new Value('passwords of BGP peers', async () => {
    const opened = secrets.map(async ([name, password]) => [name, await password.reveal()] as const)
    return Object.fromEntries(await Promise.all(opened))
  })
  return later(
    'manifests:metallb-config',
    passwords,
    (known) => manifests('metallb-config', metallbConfig(loadBalancer, known), options),
    options,
  )
}

/** Asked on the node itself: the speaker shares its network. */
function speakerRuns(node: Node): Resource {
  const ready = probe(health, SPEAKER)
  const { loadBalancer } = node.membership
  return podsServe(
    {
      name: 'metallb-speaker',
      wanted: "MetalLB's speaker runs",
      probes: [ready],
      holds: (answers) =>
        answers.get(ready)
          ? { holds: true, evidence: 'ready' }
          : { holds: false, evidence: `nothing answers on 127.0.0.1:${SPEAKER.port}` },
      test: () => healthScript(SPEAKER),
      awaited: "MetalLB's speaker on this node",
      pods: { namespace: METALLB_NAMESPACE, selector: 'app=metallb,component=speaker', node: node.name },
      limitSeconds: ROLLOUT_SECONDS,
      ...(isFirst(node) ? { daemonSet: 'speaker' } : {}),
    },
    isFirst(node)
      ? { after: ['manifests:metallb'] }
      : { after: [`condition:node-${node.name}`], ...(loadBalancer ? { until: loadBalancer.value } : {}) },
  )
}

/** The addresses there are, and how many of them are given out: MetalLB's own count. */
export const proveLoadBalancer = section<Node>('Prove the load balancer', 'prove', (node) => {
  const { loadBalancer } = node.inventory
  if (!loadBalancer || !isFirst(node)) return []
  const pools = Object.entries(loadBalancer.metallb.pools).map(([name, pool]) => ({
    name,
    pool,
    seen: kubeProbe('metallb.io/v1beta1', 'IPAddressPool', `${METALLB_NAMESPACE}/${name}`),
  }))
  const counted = pools
    .map(
      ({ name }) =>
        `[ -n "$(k -n ${METALLB_NAMESPACE} get ipaddresspools.metallb.io ${name} -o jsonpath='{.status.availableIPv4}')" ]`,
    )
    .join(' && ')
  return [
    condition(
      {
        name: 'metallb-pools',
        wanted: 'MetalLB gives out addresses',
        probes: pools.map(({ seen }) => seen),
        holds: (answers) => poolEvidence(pools.map(({ seen, ...rest }) => ({ ...rest, seen: answers.get(seen) }))),
        wait: `${kubectlPrelude(20)}
pools_counted() { ${counted}; }
${waitUntil('pools_counted', ROLLOUT_SECONDS, "MetalLB's count of its addresses")}`,
        timeoutMs: (ROLLOUT_SECONDS + 60) * 1000,
      },
      { after: ['manifests:metallb-config'] },
    ),
  ]
})
