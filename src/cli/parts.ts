import type { MeasuredMtu } from '../cluster/auto-mtu.ts'
import type { Report } from '../core/events.ts'
import type { AnyProbe } from '../core/fact.ts'
import type { Connect } from '../core/host.ts'
import type { Compiled } from '../core/play.ts'
import type { Value } from '../core/value.ts'
import type { Host, Inventory } from '../inventory/inventory.ts'
import type { readInventory } from '../inventory/read.ts'
import type { AskHostKey } from '../transport/trust.ts'
import type { World } from './world.ts'

/** Work on this machine that a run needs: where it tells of it, and when it is to stop. */
export interface LocalWork {
  readonly world: World
  readonly report: Report
  readonly signal: AbortSignal
  /** False in a dry run: use what is there already, make nothing. */
  readonly make: boolean
}

/** What hosts are visited for: all of `up`; the same with hardware measured anew; requirements alone; or nothing. */
export type Purpose = 'up' | 'up, measured anew' | 'check' | 'nothing'

export interface CompileWork extends LocalWork {
  readonly purpose: Purpose
  /** Known once hosts have met and the ways between them were measured; in most runs never. */
  readonly fitting?: Value<MeasuredMtu | undefined>
  /** The first control plane, where it is visited for nothing but to let others join, and only when one must. */
  readonly letsIn?: Host
}

/** Throwaway machines of an inventory that has some. */
export interface LabMachines {
  /** The host as the inventory has it, with the way to its machine filled in. */
  place(host: Host): Host
  /** Hosts whose machine does not exist (dry run only), and what it would be. */
  readonly missing: ReadonlyMap<string, string>
}

/** The rooms that `up` joins. Tests put their own in place of those that need a network. */
export interface Parts {
  readonly readInventory: typeof readInventory
  readonly machines: (inventory: Inventory, hosts: readonly Host[], work: LocalWork) => Promise<LabMachines>
  /** Starts getting what hosts will need, and lists everything each host is to become. */
  readonly compile: (inventory: Inventory, hosts: readonly Host[], work: CompileWork) => Promise<readonly Compiled[]>
  readonly connect: (hosts: readonly Host[], options: ConnectOptions) => Promise<Connect>
  /** Asked in every look for the files an operator takes home, e.g. the kubeconfig. */
  readonly collect: readonly AnyProbe[]
}

export interface ConnectOptions {
  readonly world: World
  /** Told of what a session waits for. */
  readonly report: Report
  readonly acceptNewHostKeys: boolean
  /** Absent where nobody can be asked. */
  readonly askHostKey?: AskHostKey
}
