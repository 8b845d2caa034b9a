import type { Change } from '../core/change.ts'
import type { Value } from '../core/value.ts'
import type { KubeObject } from '../facts/kube-object.ts'
import type { Network } from '../inventory/inventory.ts'
import { autoMtu, knownMtu, type MeasuredMtu, type MtuSetting } from './auto-mtu.ts'

/** A network whose objects carry the MTU of pods. */
export interface SizedNetwork {
  /** As a person knows it. */
  readonly name: string
  readonly network: Network
  readonly setting: MtuSetting
  /** What stands in the living objects. */
  readonly recorded: (live: readonly KubeObject[]) => number | undefined
  readonly objects: (setting: number | undefined) => readonly KubeObject[]
}

/**
 * Its objects as this run wants them, once the living ones are seen: what was measured in this run decides about the
 * MTU, and where nothing was, what stands there already.
 */
export function settledMtu(
  { name, network: { mtu }, setting, recorded: recordedIn, objects: objectsFor }: SizedNetwork,
  fitting?: Value<MeasuredMtu | undefined>,
) {
  return (
    live: readonly KubeObject[],
  ): { readonly objects: readonly KubeObject[]; readonly changes: readonly Change[] } => {
    const measured = knownMtu(fitting)
    const recorded = recordedIn(live)
    const wanted = mtu === 'auto' ? autoMtu(setting, measured, recorded) : setting.of(mtu)
    const objects = objectsFor(wanted)
    if (wanted === recorded) return { objects, changes: [] }
    const what = 'MTU of pods'
    const to = (mtu === 'auto' ? measured?.pods.arithmetic : undefined) ?? podsOf(wanted, setting, name)
    if (live.length === 0) return { objects, changes: [{ what, from: 'none yet', to }] }
    const disrupts = `restarts ${name} on every node; pods that run keep their MTU until they are restarted`
    return { objects, changes: [{ what, from: podsOf(recorded, setting, name), to, disrupts }] }
  }
}

/** What pods get of a setting, in words. */
function podsOf(written: number | undefined, setting: MtuSetting, name: string): string {
  const takenOff = setting.of(0) ?? 0
  if (written === undefined && !setting.byItself) return `what ${name} makes of the cards`
  return written === undefined
    ? `that of the card less ${takenOff - (setting.byItself?.(0) ?? 0)}`
    : `${written - takenOff}`
}
