import type { Offer } from '../artifacts/offer.ts'
import type { Value } from '../core/value.ts'
import type { Host, Inventory } from '../inventory/inventory.ts'
import type { ReadAddon } from './addons.ts'
import type { MeasuredMtu } from './auto-mtu.ts'
import type { HelmRelease } from './helm-chart.ts'
import type { Membership } from './membership.ts'

/** What a playbook knows of one machine: all of it is known before any host is asked. */
export interface Node {
  readonly name: string
  readonly host: Host
  readonly inventory: Inventory
  /** IP address other nodes use; the kubelet's choice when the inventory does not say. */
  readonly address: string | undefined
  readonly artifacts: Artifacts
  readonly membership: Membership
  /** What was read of the inventory's add-ons; left out where it names none, or nothing is installed. */
  readonly addons?: readonly ReadAddon[]
  /** What fits through the ways between nodes: known once this run has measured it, and in most runs never. */
  readonly fitting?: Value<MeasuredMtu | undefined>
  /** Milliseconds since 1970 on the operator's clock, to compare the host's with. */
  readonly operatorClock: () => number
}

/** Where the files come from. One may still be on its way: a plan then says `known after …`. */
export interface Artifacts {
  /** One offer for each kind of processor there is a program for. */
  program(name: string): Value<readonly Offer[]>
  /** Archives to import; or what to pull, when the host gets the image from its registry. */
  image(name: string, reference: string): Value<readonly Offer[]> | ImagePull
  /** Text of a manifest. */
  manifest(name: string): Value<string>
  /** What a chart makes of its values, rendered on the operator's machine. */
  rendered(chart: string, release: HelmRelease): Value<string>
}

/** Whether this machine makes the cluster, and applies what belongs to all of it. */
export function isFirst({ name, membership }: Node): boolean {
  return membership.first.name === name
}

export interface ImagePull {
  /** `sha256:…` of the manifest or index, where something holds us to it. */
  readonly digest?: string
}

export function isControlPlane({ host }: Node): boolean {
  return host.roles.includes('control-plane')
}
