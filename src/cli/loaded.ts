import { dirname, resolve } from 'node:path'
import type { Host, Inventory } from '../inventory/inventory.ts'
import { secretOpener } from '../inventory/secret-opener.ts'
import { selectHosts } from '../inventory/select.ts'
import { Redactor } from '../render/redact.ts'
import type { Parts } from './parts.ts'
import type { World } from './world.ts'

/** Looked for in the current folder when no inventory is named. */
export const DEFAULT_INVENTORY = 'inventory.yaml'

export interface Loaded {
  readonly inventory: Inventory
  /** Those that `--limit` leaves. */
  readonly hosts: readonly Host[]
  /** Knows every secret as soon as it is opened. */
  readonly redactor: Redactor
}

/** Reads an inventory and chooses hosts. @throws InputError */
export async function load(
  world: World,
  { readInventory }: Pick<Parts, 'readInventory'>,
  wanted: { readonly path: string; readonly limit: readonly string[]; readonly set: readonly string[] },
): Promise<Loaded> {
  const redactor = new Redactor()
  const openSecret = secretOpener({
    env: world.env,
    folder: dirname(resolve(world.cwd, wanted.path)),
    onOpen: (value) => redactor.add(value),
  })
  const inventory = await readInventory(wanted.path, { set: wanted.set, home: world.home, openSecret })
  return { inventory, hosts: selectHosts(inventory, wanted.limit), redactor }
}
