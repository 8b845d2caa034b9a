import { quote } from '../core/quote.ts'
import { type Resource, type ResourceOptions, type ResourceType, resource } from '../core/resource.ts'
import { flannelSubnetProbe } from '../facts/flannel-subnet.ts'
import { type LinkMtu, linkMtuProbe } from '../facts/link-mtu.ts'

/** The bridge that pods of a node are plugged into. */
const BRIDGE = 'cni0'

interface Have {
  readonly device: LinkMtu
  readonly bridge: LinkMtu | undefined
  /** What flannel tells pods to take. */
  readonly podBytes: number
}

/**
 * The tunnel's own MTU: flannel sets it when it makes the device, and leaves one that is there already as it is. With it
 * right, a pod that still has a bigger MTU is told by its own node (ICMP), where otherwise its packets would be lost on the way.
 */
const flannelDeviceType: ResourceType<string, Have> = {
  name: 'flannel-device',
  key: (device) => `link-mtu:${device}`,
  paths: () => [],
  probes: (device) => [flannelSubnetProbe, linkMtuProbe(device), linkMtuProbe(BRIDGE)],
  observe(name, answers) {
    const subnet = answers.get(flannelSubnetProbe)
    const device = answers.get(linkMtuProbe(name))
    if (!subnet || !device) return { unknown: `flannel has not made ${name} yet` }
    return { device, bridge: answers.get(linkMtuProbe(BRIDGE)), podBytes: subnet.mtu }
  },
  diff: (_name, { device, podBytes }) =>
    device.bytes === podBytes ? [] : [{ what: 'MTU', from: String(device.bytes), to: String(podBytes) }],
  steps: (name, { device, podBytes }) =>
    device.bytes === podBytes
      ? []
      : [{ title: `set the MTU of ${name}`, body: `ip link set dev ${quote(name)} mtu ${podBytes}` }],
  evidence(name, { podBytes, bridge }) {
    const old = (bridge?.ports ?? []).filter((bytes) => bytes !== podBytes)
    const left = old.length === 0 ? '' : `; ${old.length} pods have ${[...new Set(old)].join(', ')} until restarted`
    return `${name} takes ${podBytes} bytes${left}`
  },
}

export function flannelDevice(device: string, options: ResourceOptions = {}): Resource {
  return resource(flannelDeviceType, device, { title: `MTU of ${device}`, ...options })
}
