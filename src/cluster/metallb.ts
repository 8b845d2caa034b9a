import { type KubeObject, OUR_LABEL } from '../facts/kube-object.ts'
import { linesOf, recordObject } from '../facts/object-record.ts'
import type { Host, LoadBalancer, Peer, Pool } from '../inventory/inventory.ts'
import { CONTROL_PLANE, patient, takesAnyPod, tolerating } from './add-on-pod.ts'
import { type Patch, patchedManifest } from './manifest.ts'

/** MetalLB looks for its settings here and nowhere else. */
export const METALLB_NAMESPACE = 'metallb-system'

/** Which of the objects there were ours: what is named here and no longer wanted is deleted. */
export const METALLB_RECORD = 'provision-metallb'

/** Kinds of our objects, by their API version. */
export const METALLB_KINDS: Readonly<Record<string, string>> = {
  IPAddressPool: 'metallb.io/v1beta1',
  L2Advertisement: 'metallb.io/v1beta1',
  BGPAdvertisement: 'metallb.io/v1beta1',
  BGPPeer: 'metallb.io/v1beta2',
  Secret: 'v1',
}

/** Names of the webhooks that check what we apply. */
export const METALLB_WEBHOOKS = 'metallb-webhook-configuration'

/**
 * Upstream's manifest without FRR, with our tolerations and our patience in it. Layer 2 needs no routing daemon, and to tell routers of IPv4
 * addresses the speaker's own BGP is enough; FRR is wanted for BFD, VRFs and IPv6, and is an image more on every node.
 * @throws InputError when the text is not the manifest we know how to patch.
 */
export function metallbObjects(manifest: string, hosts: readonly Host[]): readonly KubeObject[] {
  const taints = hosts.flatMap(({ taints }) => taints)
  return patchedManifest('MetalLB', manifest, {
    // Whatever an inventory keeps off a node, its addresses are still to be announced: a pool's nodeSelectors choose.
    'DaemonSet speaker': (object) => patient(tolerating(taints)(object)),
    // Nobody else may be there to run it.
    'Deployment controller': (object) =>
      patient(hosts.some(takesAnyPod) ? object : tolerating([CONTROL_PLANE, ...taints])(object)),
    // `creationTimestamp: null`: not a setting, and never what is in the cluster.
    [`ValidatingWebhookConfiguration ${METALLB_WEBHOOKS}`]: withoutCreationTime,
  })
}

const withoutCreationTime: Patch = ({ metadata: { creationTimestamp: _null, ...metadata }, ...object }) =>
  ({ ...object, metadata }) as KubeObject

/** Everything the inventory makes of MetalLB's own kinds, as lines of the record. */
export function metallbLines(loadBalancer: LoadBalancer): readonly string[] {
  return linesOf(configObjects(loadBalancer, {}))
}

/** The record first: a run that is cut off leaves nothing in the cluster that is not in it. */
export function metallbConfig(
  loadBalancer: LoadBalancer,
  passwords: Readonly<Record<string, string>>,
): readonly KubeObject[] {
  const record = { namespace: METALLB_NAMESPACE, name: METALLB_RECORD }
  return [recordObject(record, metallbLines(loadBalancer)), ...configObjects(loadBalancer, passwords)]
}

function configObjects(
  { metallb: { pools, peers } }: LoadBalancer,
  passwords: Readonly<Record<string, string>>,
): readonly KubeObject[] {
  return [
    ...Object.entries(peers).flatMap(([name, peer]) => peerObjects(name, peer, passwords[name])),
    ...Object.entries(pools).flatMap(([name, pool]) => [poolObject(name, pool), advertisementObject(name, pool)]),
  ]
}

export function poolObject(name: string, { addresses, autoAssign, avoidBuggyIPs }: Pool): KubeObject {
  return of('IPAddressPool', name, { addresses, autoAssign, avoidBuggyIPs })
}

export function advertisementObject(name: string, pool: Pool): KubeObject {
  return pool.mode === 'l2'
    ? of('L2Advertisement', name, l2Spec(name, pool))
    : of('BGPAdvertisement', name, bgpSpec(name, pool))
}

function l2Spec(name: string, { nodeSelectors, interfaces }: Pool): object {
  return {
    ipAddressPools: [name],
    ...(nodeSelectors === undefined ? {} : { nodeSelectors: selectors(nodeSelectors) }),
    ...(interfaces === undefined ? {} : { interfaces }),
  }
}

function bgpSpec(name: string, { nodeSelectors, peers, localPref, communities, aggregationLength }: Pool): object {
  return {
    ipAddressPools: [name],
    ...(nodeSelectors === undefined ? {} : { nodeSelectors: selectors(nodeSelectors) }),
    ...(peers === undefined ? {} : { peers }),
    ...(localPref === undefined ? {} : { localPref }),
    ...(communities === undefined ? {} : { communities }),
    ...(aggregationLength === undefined ? {} : { aggregationLength }),
  }
}

function selectors(labels: readonly Readonly<Record<string, string>>[]): readonly object[] {
  return labels.map((matchLabels) => ({ matchLabels }))
}

function peerObjects(name: string, peer: Peer, password = ''): readonly KubeObject[] {
  const { password: reference, nodeSelectors, ...settings } = peer
  const secret = secretOf(name)
  return [
    ...(reference === undefined
      ? []
      : [
          named('v1', 'Secret', secret, {
            type: 'kubernetes.io/basic-auth',
            data: { password: Buffer.from(password).toString('base64') },
          }),
        ]),
    of('BGPPeer', name, {
      ...settings,
      ...(nodeSelectors === undefined ? {} : { nodeSelectors: selectors(nodeSelectors) }),
      ...(reference === undefined ? {} : { passwordSecret: { name: secret } }),
    }),
  ]
}

function secretOf(peer: string): string {
  return `bgp-password-${peer}`
}

function of(kind: keyof typeof METALLB_KINDS & string, name: string, spec: object): KubeObject {
  return named(METALLB_KINDS[kind] ?? '', kind, name, { spec })
}

function named(apiVersion: string, kind: string, name: string, rest: object): KubeObject {
  const labels = OUR_LABEL
  return { apiVersion, kind, metadata: { name, namespace: METALLB_NAMESPACE, labels }, ...rest }
}
