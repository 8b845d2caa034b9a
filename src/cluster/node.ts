import type { ArtifactFile } from '../artifacts/artifact.ts'
import type { Value } from '../core/value.ts'
import type { Host, Inventory } from '../inventory/inventory.ts'
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
  /** Milliseconds since 1970 on the operator's clock, to compare the host's with. */
  readonly operatorClock: () => number
}

/** Where the files come from. One may still be on its way: a plan then says `known after …`. */
export interface Artifacts {
  program(name: string): Value<ArtifactFile>
  /** An archive to import, or `pull` when the host gets the image from its registry. */
  image(name: string): Value<ArtifactFile> | 'pull'
  /** Text of a manifest. */
  manifest(name: string): Value<string>
}

/** Whether this machine makes the cluster, and applies what belongs to all of it. */
export function isFirst({ name, membership }: Node): boolean {
  return membership.first.name === name
}

export function isControlPlane({ host }: Node): boolean {
  return host.roles.includes('control-plane')
}
