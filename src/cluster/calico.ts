import type { Value } from '../core/value.ts'
import type { KubeObject } from '../facts/kube-object.ts'
import type { Inventory, Network } from '../inventory/inventory.ts'
import { asStored } from './as-stored.ts'
import { calicoMtu, type MeasuredMtu, recordedNumber } from './auto-mtu.ts'
import { type Patch, patchedManifest } from './manifest.ts'
import { hasTypha } from './pod-network.ts'
import { containerOf, rolledBy, setVariables, type Variable, workload } from './pod-template.ts'
import { settledMtu } from './settled-mtu.ts'

/** Where its manifests put it. */
export const CALICO_NAMESPACE = 'kube-system'

/** Key of `calico-config` and `canal-config` that holds the MTU of pods; 0 stands for what Felix finds out by itself. */
const MTU_KEY = 'veth_mtu'

type Settings = Pick<Inventory, 'network' | 'hosts'>

/** Upstream's manifest that is nearest to what is wanted. */
export function calicoManifest({
  network,
  hosts,
}: Settings): 'calico.yaml' | 'calico-vxlan.yaml' | 'calico-typha.yaml' {
  if (hasTypha(network, hosts.length)) return 'calico-typha.yaml'
  return network.calico.encapsulation === 'vxlan' ? 'calico-vxlan.yaml' : 'calico.yaml'
}

/**
 * Upstream's manifest with our settings in it. Addresses and routes are objects of Calico's own kinds: see `calico-config.ts`.
 * @throws InputError when the text is not the manifest we know how to patch.
 */
export function calicoObjects(
  manifest: string,
  { network, hosts }: Settings,
  mtu: number | undefined,
): readonly KubeObject[] {
  const config = {
    // The manifest with Typha is the one with BGP.
    calico_backend: network.calico.encapsulation === 'vxlan' ? 'vxlan' : 'bird',
    [MTU_KEY]: String(mtu ?? 0),
  }
  const objects = patchedManifest('Calico', manifest, {
    'ConfigMap calico-config': withData(config),
    'DaemonSet calico-node': (object) => rolledBy(JSON.stringify(config))(calicoNode(network)(object)),
    ...(hasTypha(network, hosts.length)
      ? {
          'Deployment calico-typha': workload(({ spec }) => {
            spec.replicas = typhaReplicas(hosts.length)
          }),
        }
      : {}),
  })
  return objects.map(asStored)
}

/** The same once the living ones are seen. */
export function settledCalico(manifest: string, settings: Settings, fitting?: Value<MeasuredMtu | undefined>) {
  return settledMtu(
    {
      name: 'Calico',
      network: settings.network,
      setting: calicoMtu(),
      recorded: (live) => recordedNumber(configNamed('calico-config', live), MTU_KEY),
      objects: (mtu) => calicoObjects(manifest, settings, mtu),
    },
    fitting,
  )
}

/** The manifest's own words: three at least, and one for every 200 nodes; never more than there are nodes to run them. */
function typhaReplicas(nodes: number): number {
  return Math.min(nodes, Math.max(3, Math.ceil(nodes / 200)))
}

function calicoNode(network: Network): Patch {
  return workload((copy) => {
    const node = containerOf(copy, 'calico-node')
    setVariables(node, [...addressMethod(network), { name: 'NO_DEFAULT_POOLS', value: 'true' }])
    if (network.calico.encapsulation !== 'vxlan') return
    // Without BGP there is no BIRD to ask.
    for (const probe of [node.livenessProbe, node.readinessProbe])
      if (probe?.exec?.command) probe.exec.command = probe.exec.command.filter((word) => !word.startsWith('-bird-'))
  })
}

/**
 * Which of a host's addresses its node has: that of the card by name, else the one the kubelet was told, which is the host's
 * `nodeAddress`. Calico's own way, the first card it finds, is another one on a host with several.
 */
export function addressMethod({ interface: card }: Network): readonly Variable[] {
  const method = card === undefined ? 'kubernetes-internal-ip' : `interface=^${card.replaceAll('.', '\\.')}$`
  return [{ name: 'IP_AUTODETECTION_METHOD', value: method }]
}

export function withData(data: Readonly<Record<string, string>>): Patch {
  return (object) => ({ ...object, data: { ...(object.data as object), ...data } })
}

export function configNamed(name: string, live: readonly KubeObject[]): KubeObject | undefined {
  return live.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === name)
}
