import { parseAllDocuments } from 'yaml'
import { InputError } from '../core/errors.ts'
import { sha256 } from '../core/plan.ts'
import type { Value } from '../core/value.ts'
import type { KubeObject } from '../facts/kube-object.ts'
import type { Network } from '../inventory/inventory.ts'
import { flannelMtu, type MeasuredMtu, recordedMtu } from './auto-mtu.ts'
import { flannelBackendMtu } from './mtu.ts'
import { settledMtu } from './settled-mtu.ts'

export interface FlannelSettings {
  readonly podSubnet: string
  readonly network: Network
  /** `MTU` of the backend where the inventory leaves it open; none: flannel takes that of the card. */
  readonly backendMtu?: number | undefined
}

/** A change of ours to an upstream object, with its reason: listed in ARCHITECTURE.md, none by regular expression. */
type Patch = (object: KubeObject, settings: FlannelSettings) => KubeObject

/** flannel's names for our backends. Source: flannel's Documentation/backends.md. */
const BACKENDS: Readonly<Record<Network['backend'], string>> = {
  vxlan: 'vxlan',
  'host-gw': 'host-gw',
  wireguard: 'wireguard',
}

/**
 * Upstream's manifest with our settings in it.
 * @throws InputError when the text is not the manifest we know how to patch.
 */
export function flannelObjects(manifest: string, settings: FlannelSettings): readonly KubeObject[] {
  const documents = parseAllDocuments(manifest)
  if (!Array.isArray(documents)) throw wrongManifest('it is empty')
  const objects = documents.map((document) => document.toJS() as KubeObject | null).filter((object) => object !== null)
  const patches: readonly (readonly [string, Patch])[] = [
    ['ConfigMap kube-flannel-cfg', netConf],
    ['DaemonSet kube-flannel-ds', daemonArgs],
  ]
  for (const [name] of patches) {
    if (!objects.some((object) => nameOf(object) === name)) throw wrongManifest(`it has no ${name}`)
  }
  const patched = objects.map((object) =>
    patches.reduce((done, [name, patch]) => (nameOf(done) === name ? patch(done, settings) : done), object),
  )
  const config = patched.find((object) => nameOf(object) === 'ConfigMap kube-flannel-cfg')
  return patched.map((object) =>
    nameOf(object) === 'DaemonSet kube-flannel-ds' ? rolledBy(object, JSON.stringify(config?.data)) : object,
  )
}

/**
 * Flannel's objects as this run wants them, once the living ones are seen: what was measured in this run decides about the
 * MTU, and where nothing was, what stands there already.
 */
export function settledFlannel(manifest: string, settings: FlannelSettings, fitting?: Value<MeasuredMtu | undefined>) {
  const { network } = settings
  return settledMtu(
    {
      name: 'Flannel',
      network,
      setting: flannelMtu(network.backend),
      recorded: (live) => recordedMtu(live.find((object) => nameOf(object) === 'ConfigMap kube-flannel-cfg')),
      objects: (backendMtu) => flannelObjects(manifest, { ...settings, backendMtu }),
    },
    fitting,
  )
}

/** The interface pods' packets leave a node by, where the backend wraps them. Source: flannel's pkg/backend. */
export const FLANNEL_DEVICES: Readonly<Record<Network['backend'], string | undefined>> = {
  vxlan: 'flannel.1',
  wireguard: 'flannel-wg',
  'host-gw': undefined,
}

/** flannel reads its configuration once, when it starts: a changed one is a changed pod template, which rolls the DaemonSet. */
function rolledBy(daemonSet: KubeObject, config: string): KubeObject {
  const copy = structuredClone(daemonSet) as unknown as {
    spec: { template: { metadata: { annotations?: Record<string, string> } } }
  }
  const { metadata } = copy.spec.template
  metadata.annotations = { ...metadata.annotations, 'provision/config': sha256(config) }
  return copy as unknown as KubeObject
}

function nameOf({ kind, metadata }: KubeObject): string {
  return `${kind} ${metadata.name}`
}

/** flannel reads its network from here; it must be the pod subnet kubeadm was given, or pods get no route. */
const netConf: Patch = (object, { podSubnet, network, backendMtu }) => {
  const data = object.data as Readonly<Record<string, string>>
  const shipped = JSON.parse(data['net-conf.json'] ?? '{}') as { readonly Backend?: object }
  const mtu = network.mtu === 'auto' ? backendMtu : flannelBackendMtu(network.mtu, network.backend)
  const backend = {
    ...shipped.Backend,
    Type: BACKENDS[network.backend],
    ...(mtu === undefined ? {} : { MTU: mtu }),
  }
  const conf = { ...shipped, Network: podSubnet, Backend: backend }
  return { ...object, data: { ...data, 'net-conf.json': `${JSON.stringify(conf, null, 2)}\n` } }
}

/** On hosts with several networks flannel would take the default route's interface. */
const daemonArgs: Patch = (object, { network }) => {
  if (network.interface === undefined) return object
  const copy = structuredClone(object) as unknown as {
    spec: { template: { spec: { containers: { args?: string[] }[] } } }
  }
  for (const container of copy.spec.template.spec.containers)
    container.args = [...(container.args ?? []), `--iface=${network.interface}`]
  return copy as unknown as KubeObject
}

function wrongManifest(why: string): InputError {
  return new InputError({
    what: `the flannel manifest is not one this version can adapt: ${why}`,
    fix: 'use the manifest of the flannel version in the catalog (`provision version --json`)',
  })
}
