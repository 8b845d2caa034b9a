import type { Value } from '../core/value.ts'
import type { KubeObject } from '../facts/kube-object.ts'
import type { Network } from '../inventory/inventory.ts'
import { ENCAPSULATION, flannelBackendMtu, type PodMtu } from './mtu.ts'
import { encapsulated } from './pod-network.ts'

/** What was measured of the ways between the hosts of one run. */
export interface MeasuredMtu {
  readonly pods: PodMtu
  /** Bytes of the biggest packet that any of the cards takes. */
  readonly cardBytes: number
  /** Every way between any two hosts of the inventory was measured. */
  readonly isWhole: boolean
}

/** How a network is told the MTU of pods. */
export interface MtuSetting {
  /** What is written for pods to get this many bytes; undefined: it has no such setting. */
  readonly of: (podBytes: number) => number | undefined
  /** What it works out by itself where nothing is written, in the same measure; undefined: nothing one can reckon with. */
  readonly byItself?: (cardBytes: number) => number
}

/**
 * The setting under `mtu: auto`; undefined: none, so that the network goes by the card. A run in which nobody
 * joins measures nothing, so what stands in the cluster is the record of what was measured before. Part of the hosts can show
 * that less fits than was thought, never that more does.
 */
export function autoMtu(
  setting: MtuSetting,
  measured: MeasuredMtu | undefined,
  recorded: number | undefined,
): number | undefined {
  if (setting.of(0) === undefined) return undefined
  if (!measured) return recorded
  const [fitting, byItself] = [setting.of(measured.pods.bytes), setting.byItself?.(measured.cardBytes)]
  const wanted = fitting !== undefined && (byItself === undefined || fitting < byItself) ? fitting : undefined
  if (measured.isWhole || recorded === undefined) return wanted
  return Math.min(recorded, wanted ?? recorded)
}

/** flannel takes what it adds off by itself. */
export function flannelMtu(backend: Network['backend']): MtuSetting {
  return { of: (podBytes) => flannelBackendMtu(podBytes, backend), byItself: (cardBytes) => cardBytes }
}

/**
 * Calico is told what pods get. By itself Felix goes by the names of cards, of which it knows some, and takes nothing off for what
 * Flannel adds (Canal). Source: projectcalico/calico, felix/dataplane/linux (findHostMTU, determinePodMTU).
 */
export function calicoMtu(): MtuSetting {
  return { of: (podBytes) => podBytes }
}

/** Cilium is told what a card takes, and takes off what it adds by itself. Source: cilium, pkg/mtu. */
export function ciliumMtu(network: Network): MtuSetting {
  const { ipv4Bytes } = ENCAPSULATION[encapsulated(network)]
  return { of: (podBytes) => podBytes + ipv4Bytes, byItself: (cardBytes) => cardBytes }
}

/** What the MTU of pods must be in the end, as far as this run knows: written by hand, or measured. */
export function podMtuBounds(
  { cni, mtu, backend }: Pick<Network, 'cni' | 'mtu' | 'backend'>,
  fitting: Value<MeasuredMtu | undefined> | undefined,
): { readonly least: number; readonly most: number } | undefined {
  if (cni === 'flannel' && backend === 'host-gw') return undefined
  if (mtu !== 'auto') return { least: mtu, most: mtu }
  const measured = knownMtu(fitting)
  return measured && { least: measured.isWhole ? measured.pods.bytes : 0, most: measured.pods.bytes }
}

/** What this run has measured, once it has. */
export function knownMtu(fitting: Value<MeasuredMtu | undefined> | undefined): MeasuredMtu | undefined {
  return fitting?.known === true ? fitting.get() : undefined
}

/** `MTU` of the backend in a living `kube-flannel-cfg`, or in Canal's; undefined when there is none, or nothing one can read. */
export function recordedMtu(config: KubeObject | undefined): number | undefined {
  const text = valueIn(config, 'net-conf.json')
  if (text === undefined) return undefined
  try {
    const { Backend } = JSON.parse(text) as { readonly Backend?: { readonly MTU?: unknown } }
    return typeof Backend?.MTU === 'number' ? Backend.MTU : undefined
  } catch {
    return undefined
  }
}

/** A number in a living ConfigMap; undefined when there is none, or 0, which stands for none. */
export function recordedNumber(config: KubeObject | undefined, key: string): number | undefined {
  const value = Number(valueIn(config, key))
  return Number.isInteger(value) && value > 0 ? value : undefined
}

function valueIn(config: KubeObject | undefined, key: string): string | undefined {
  const value = (config?.data as Readonly<Record<string, unknown>> | undefined)?.[key]
  return typeof value === 'string' ? value : undefined
}
