import type { Value } from '../core/value.ts'
import type { KubeObject } from '../facts/kube-object.ts'
import type { Inventory } from '../inventory/inventory.ts'
import { asStored } from './as-stored.ts'
import { calicoMtu, type MeasuredMtu, recordedNumber } from './auto-mtu.ts'
import { configNamed, withData } from './calico.ts'
import { patchedManifest } from './manifest.ts'
import { flannelBackendMtu } from './mtu.ts'
import { rolledBy } from './pod-template.ts'
import { settledMtu } from './settled-mtu.ts'

type Settings = Pick<Inventory, 'network' | 'kubernetes'>

const MTU_KEY = 'veth_mtu'

/**
 * Upstream's manifest with our settings in it: Calico makes pods' cards and policies, Flannel carries packets between nodes.
 * @throws InputError when the text is not the manifest we know how to patch.
 */
export function canalObjects(
  manifest: string,
  { network, kubernetes }: Settings,
  mtu: number | undefined,
): readonly KubeObject[] {
  const tunnel = mtu === undefined ? {} : { MTU: flannelBackendMtu(mtu, 'vxlan') }
  const config = {
    // flannel reads its network from here; it must be the pod subnet kubeadm was given, or pods get no route.
    'net-conf.json': `${JSON.stringify({ Network: kubernetes.podSubnet, Backend: { Type: 'vxlan', ...tunnel } }, null, 2)}\n`,
    // On hosts with several networks flannel would take the default route's interface.
    canal_iface: network.interface ?? '',
    [MTU_KEY]: String(mtu ?? 0),
  }
  const objects = patchedManifest('Canal', manifest, {
    'ConfigMap canal-config': withData(config),
    'DaemonSet canal': rolledBy(JSON.stringify(config)),
  })
  return objects.map(asStored)
}

/** The same once the living ones are seen. */
export function settledCanal(manifest: string, settings: Settings, fitting?: Value<MeasuredMtu | undefined>) {
  return settledMtu(
    {
      name: 'Canal',
      network: settings.network,
      setting: calicoMtu(),
      recorded: (live) => recordedNumber(configNamed('canal-config', live), MTU_KEY),
      objects: (mtu) => canalObjects(manifest, settings, mtu),
    },
    fitting,
  )
}
