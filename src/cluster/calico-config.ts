import { type KubeObject, type KubeRef, OUR_LABEL } from '../facts/kube-object.ts'
import { linesOf, recordLine, recordObject } from '../facts/object-record.ts'
import type { Inventory, Network } from '../inventory/inventory.ts'
import { routeReflectors } from '../inventory/route-reflectors.ts'
import { CALICO_NAMESPACE } from './calico.ts'
import { kindsServed } from './kinds-served.ts'
import { hasTypha } from './pod-network.ts'

const API = 'crd.projectcalico.org/v1'

/** Which of the objects of Calico's kinds are ours to take away again. */
export const CALICO_RECORD = 'provision-calico'
const RECORD = { namespace: CALICO_NAMESPACE, name: CALICO_RECORD }

/** Kinds an inventory may stop to want. Its pool and Felix's settings stay: without them no pod has a network. */
export const CALICO_KINDS: Readonly<Record<string, string>> = {
  BGPConfiguration: API,
  BGPPeer: API,
  Deployment: 'apps/v1',
  Service: 'v1',
  PodDisruptionBudget: 'policy/v1',
}

/** The name calico-node itself gives its first pool: a cluster that somebody set up by hand goes on with it. */
const POOL = 'default-ipv4-ippool'

/** An IPv4 address by form, a name by meaning: reflectors with the same one do not tell each other what they told. */
const REFLECTOR_CLUSTER = '244.0.0.1'

/** By this Calico knows a reflector. Source: projectcalico/calico, libcalico-go, node annotations of the Kubernetes datastore. */
export const REFLECTOR_ANNOTATION = 'projectcalico.org/RouteReflectorClusterID'

type Settings = Pick<Inventory, 'network' | 'hosts' | 'kubernetes'>

/** Kinds of ours, which must be there before the objects are. */
export const CALICO_DEFINITIONS: readonly string[] = [
  'ippools',
  'felixconfigurations',
  'bgpconfigurations',
  'bgppeers',
].map((plural) => `${plural}.crd.projectcalico.org`)

/** Whether the API server serves them. */
export const calicoKinds = kindsServed(CALICO_DEFINITIONS)

/**
 * Addresses of pods, and that every node tells every other of the ways to them, unless reflectors do: see `calicoRoutes`. The record
 * first, as for MetalLB; it names all that is ours to take away.
 */
export function calicoConfig(settings: Settings): readonly KubeObject[] {
  const mesh = routeReflectors(settings).length === 0 ? bgpObjects(settings) : []
  return [recordObject(RECORD, calicoLines(settings)), ippool(settings), felix(settings.network), ...mesh]
}

/** That reflectors tell all nodes of routes. Only once they are marked as such, and the mesh last: without both no route is told. */
export function calicoRoutes(settings: Settings): readonly KubeObject[] {
  return routeReflectors(settings).length === 0 ? [] : bgpObjects(settings)
}

/** What is taken away when it is no longer wanted, as lines of the record. */
export function calicoLines(settings: Settings): readonly string[] {
  const typha = hasTypha(settings.network, settings.hosts.length)
  return [...linesOf(bgpObjects(settings)), ...(typha ? TYPHA.map(recordLine) : [])]
}

/** What upstream's manifest with Typha has more than the one without. */
const TYPHA: readonly KubeRef[] = ['Deployment', 'Service', 'PodDisruptionBudget'].map((kind) => ({
  apiVersion: CALICO_KINDS[kind] ?? '',
  kind,
  namespace: CALICO_NAMESPACE,
  name: 'calico-typha',
}))

function ippool({ network: { calico }, kubernetes }: Settings): KubeObject {
  const mode = calico.crossSubnet ? 'CrossSubnet' : 'Always'
  return of('IPPool', POOL, {
    cidr: kubernetes.podSubnet,
    blockSize: calico.blockSize,
    ipipMode: calico.encapsulation === 'ipip' ? mode : 'Never',
    vxlanMode: calico.encapsulation === 'vxlan' ? mode : 'Never',
    natOutgoing: true,
    nodeSelector: 'all()',
    allowedUses: ['Workload', 'Tunnel'],
  })
}

/** Felix goes by what kube-proxy uses, nftables or not; and measures the card that was named. */
function felix({ interface: card }: Network): KubeObject {
  const pattern = card === undefined ? {} : { mtuIfacePattern: `^${card.replaceAll('.', '\\.')}$` }
  return of('FelixConfiguration', 'default', { nftablesMode: 'Auto', ...pattern })
}

/** With VXLAN alone Felix writes the routes by itself. */
function bgpObjects(settings: Settings): readonly KubeObject[] {
  const { encapsulation, asNumber } = settings.network.calico
  if (encapsulation === 'vxlan') return []
  const reflectors = routeReflectors(settings)
  const mesh = { asNumber, nodeToNodeMeshEnabled: reflectors.length === 0 }
  const names = reflectors.map(({ name }) => `'${name}'`).join(', ')
  const peer = { nodeSelector: 'all()', peerSelector: `kubernetes.io/hostname in { ${names} }` }
  return [
    ...(reflectors.length === 0 ? [] : [of('BGPPeer', 'route-reflectors', peer)]),
    of('BGPConfiguration', 'default', mesh),
  ]
}

/** What makes a node a reflector; nothing for the others. */
export function reflectorAnnotations(settings: Pick<Inventory, 'network' | 'hosts'>, host: string) {
  const isOne = routeReflectors(settings).some(({ name }) => name === host)
  return isOne ? { [REFLECTOR_ANNOTATION]: REFLECTOR_CLUSTER } : {}
}

function of(kind: string, name: string, spec: object): KubeObject {
  return { apiVersion: API, kind, metadata: { name, labels: OUR_LABEL }, spec }
}
