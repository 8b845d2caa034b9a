import { stringify } from 'yaml'
import type { Node } from './node.ts'

/** Fields: https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/ */
export interface KubeletConfiguration {
  readonly apiVersion: 'kubelet.config.k8s.io/v1beta1'
  readonly kind: 'KubeletConfiguration'
  readonly cgroupDriver: 'systemd'
  readonly [key: string]: unknown
}

export type Settings = Readonly<Record<string, unknown>>

const RESERVED: Settings = { cpu: undefined, memory: undefined, 'ephemeral-storage': undefined }

/** Everything an inventory can say of a kubelet. What it does not say is not to stand in its configuration. */
const UNSAID: Settings = {
  failSwapOn: undefined,
  memorySwap: { swapBehavior: undefined },
  systemReserved: RESERVED,
  kubeReserved: RESERVED,
  shutdownGracePeriod: undefined,
}

/** As kubeadm is given it. */
export function kubeletConfiguration({ host }: Node): KubeletConfiguration {
  const { maxPods, swapBehavior, systemReserved, kubeReserved, shutdownGracePeriod } = host.kubelet
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    cgroupDriver: 'systemd',
    maxPods,
    ...(swapBehavior === undefined ? {} : { failSwapOn: false, memorySwap: { swapBehavior } }),
    ...(systemReserved === undefined ? {} : { systemReserved }),
    ...(kubeReserved === undefined ? {} : { kubeReserved }),
    ...(shutdownGracePeriod === undefined ? {} : { shutdownGracePeriod }),
  }
}

/**
 * What a node's kubelet is to run with, as far as an inventory decides it: `undefined` leaves a field to kubeadm and the
 * kubelet. kubeadm writes it at init and join, and never again.
 */
export function decidedForKubelet(node: Node): Settings {
  return over(UNSAID, decided(kubeletConfiguration(node)))
}

/**
 * The same as a change to what kubeadm gives a node that joins: the settings of the first control plane. A JSON merge patch
 * takes a field away by null.
 */
export function kubeletPatch(node: Node): string {
  const first = node.inventory.hosts.find(({ name }) => name === node.membership.first.name)
  const own = kubeletConfiguration(node)
  return stringify(first ? withoutRest(own, kubeletConfiguration({ ...node, host: first })) : own)
}

function decided({ apiVersion: _version, kind: _kind, ...rest }: KubeletConfiguration): Settings {
  return rest
}

function over(base: Settings, own: Settings): Settings {
  const inner = Object.entries(own).map(([key, value]) => {
    const below = base[key]
    return [key, isSettings(value) && isSettings(below) ? over(below, value) : value]
  })
  return { ...base, ...Object.fromEntries(inner) }
}

function withoutRest(own: Settings, first: Settings): Settings {
  const rest: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(first)) {
    const mine = own[key]
    if (mine === undefined) rest[key] = null
    else if (isSettings(mine) && isSettings(value)) rest[key] = withoutRest(mine, value)
  }
  return { ...own, ...rest }
}

function isSettings(value: unknown): value is Settings {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
