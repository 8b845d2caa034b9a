import type { Value } from '../core/value.ts'
import type { KubeObject } from '../facts/kube-object.ts'
import type { Network } from '../inventory/inventory.ts'
import { flannelBackendMtu, type PodMtu } from './mtu.ts'

/** What was measured of the ways between the hosts of one run. */
export interface MeasuredMtu {
  readonly pods: PodMtu
  /** Bytes of the biggest packet that any of the cards takes. */
  readonly cardBytes: number
  /** Every way between any two hosts of the inventory was measured. */
  readonly isWhole: boolean
}

/**
 * `MTU` of flannel's backend under `mtu: auto`; undefined: none, so that it takes that of the card. A run in which nobody
 * joins measures nothing, so what stands in the cluster is the record of what was measured before. Part of the hosts can show
 * that less fits than was thought, never that more does.
 */
export function autoMtu(
  backend: Network['backend'],
  measured: MeasuredMtu | undefined,
  recorded: number | undefined,
): number | undefined {
  if (backend === 'host-gw') return undefined
  if (!measured) return recorded
  const fitting = flannelBackendMtu(measured.pods.bytes, backend) ?? measured.cardBytes
  const wanted = fitting < measured.cardBytes ? fitting : undefined
  if (measured.isWhole || recorded === undefined) return wanted
  return Math.min(recorded, wanted ?? recorded)
}

/** What the MTU of pods must be in the end, as far as this run knows: written by hand, or measured. */
export function podMtuBounds(
  { mtu, backend }: Pick<Network, 'mtu' | 'backend'>,
  fitting: Value<MeasuredMtu | undefined> | undefined,
): { readonly least: number; readonly most: number } | undefined {
  if (backend === 'host-gw') return undefined
  if (mtu !== 'auto') return { least: mtu, most: mtu }
  const measured = knownMtu(fitting)
  return measured && { least: measured.isWhole ? measured.pods.bytes : 0, most: measured.pods.bytes }
}

/** What this run has measured, once it has. */
export function knownMtu(fitting: Value<MeasuredMtu | undefined> | undefined): MeasuredMtu | undefined {
  return fitting?.known === true ? fitting.get() : undefined
}

/** `MTU` of the backend in a living `kube-flannel-cfg`; undefined when there is none, or nothing one can read. */
export function recordedMtu(config: KubeObject | undefined): number | undefined {
  const data = config?.data as Readonly<Record<string, unknown>> | undefined
  const text = data?.['net-conf.json']
  if (typeof text !== 'string') return undefined
  try {
    const { Backend } = JSON.parse(text) as { readonly Backend?: { readonly MTU?: unknown } }
    return typeof Backend?.MTU === 'number' ? Backend.MTU : undefined
  } catch {
    return undefined
  }
}
