import type { Answers } from '../core/fact.ts'
import { type KubeObject, kubeProbe } from '../facts/kube-object.ts'
import { linesOf, recordObject } from '../facts/object-record.ts'
import type { Inventory, Network } from '../inventory/inventory.ts'
import { routeReflectors } from '../inventory/route-reflectors.ts'
import { CALICO_NAMESPACE } from './calico.ts'

const API = 'crd.projectcalico.org/v1'

/** Which of the objects of Calico's kinds are ours to take away again. */
export const CALICO_RECORD = 'provision-calico'
const RECORD = { namespace: CALICO_NAMESPACE, name: CALICO_RECORD }

/** Kinds an inventory may stop to want. Its pool and Felix's settings stay: without them no pod has a network. */
export const CALICO_KINDS: Readonly<Record<string, string>> = { BGPConfiguration: API, BGPPeer: API }

/** The name calico-node itself gives its first pool: a cluster that somebody set up by hand goes on with it. */
const POOL = 'default-ipv4-ippool'

/** An IPv4 address by form, a name by meaning: reflectors with the same one do not tell each other what they told. */
const REFLECTOR_CLUSTER = '244.0.0.1'

/** By this Calico knows a reflector. Source: projectcalico/calico, libcalico-go, node annotations of the Kubernetes datastore. */
export const REFLECTOR_ANNOTATION = 'projectcalico.org/RouteReflectorClusterID'

type Settings = Pick<Inventory, 'network' | 'hosts' | 'kubernetes'>

/** Kinds of ours, which must be there before the objects are. */
const DEFINITIONS = ['ippools', 'felixconfigurations', 'bgpconfigurations', 'bgppeers'].map((plural) =>
  kubeProbe('apiextensions.k8s.io/v1', 'CustomResourceDefinition', `${plural}.crd.projectcalico.org`),
)

export const CALICO_DEFINITIONS: readonly string[] = DEFINITIONS.map(({ ask }) => ask.name)

/** Whether the API server serves them. */
export const calicoKinds = {
  probes: DEFINITIONS,
  holds(answers: Answers): { readonly holds: boolean; readonly evidence: string } {
    const missing = DEFINITIONS.filter((probe) => {
      const seen = answers.get(probe)
      return seen.state !== 'present' || !isEstablished(seen.object)
    })
    return missing.length === 0
      ? { holds: true, evidence: `${DEFINITIONS.length} kinds served` }
      : { holds: false, evidence: `not served yet: ${missing.map(({ ask }) => ask.name).join(', ')}` }
  },
} as const

function isEstablished({ status }: KubeObject): boolean {
  const { conditions } = (status ?? {}) as { readonly conditions?: readonly { type?: unknown; status?: unknown }[] }
  return conditions?.some(({ type, status: state }) => type === 'Established' && state === 'True') === true
}

/** Addresses of pods, and who tells whom of the ways to them. The record first, as for MetalLB. */
export function calicoConfig(settings: Settings): readonly KubeObject[] {
  const ours = bgpObjects(settings)
  return [recordObject(RECORD, linesOf(ours)), ippool(settings), felix(settings.network), ...ours]
}

/** What of it is taken away when it is no longer wanted, as lines of the record. */
export function calicoLines(settings: Settings): readonly string[] {
  return linesOf(bgpObjects(settings))
}

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
    of('BGPConfiguration', 'default', mesh),
    ...(reflectors.length === 0 ? [] : [of('BGPPeer', 'route-reflectors', peer)]),
  ]
}

/** What makes a node a reflector; nothing for the others. */
export function reflectorAnnotations(settings: Pick<Inventory, 'network' | 'hosts'>, host: string) {
  const isOne = routeReflectors(settings).some(({ name }) => name === host)
  return isOne ? { [REFLECTOR_ANNOTATION]: REFLECTOR_CLUSTER } : {}
}

const LABELS = { 'app.kubernetes.io/managed-by': 'provision' }

function of(kind: string, name: string, spec: object): KubeObject {
  return { apiVersion: API, kind, metadata: { name, labels: LABELS }, spec }
}
