import { dirname, resolve } from 'node:path'
import type { Host, Inventory } from '../inventory/inventory.ts'
import { Secret } from '../inventory/secret.ts'
import { secretOpener } from '../inventory/secret-opener.ts'
import { selectHosts } from '../inventory/select.ts'
import type { Parts } from './parts.ts'
import type { World } from './world.ts'

/** Looked for in the current folder when no inventory is named. */
export const DEFAULT_INVENTORY = 'inventory.yaml'

export interface Loaded {
  readonly inventory: Inventory
  /** Those that `--limit` leaves. */
  readonly hosts: readonly Host[]
}

/** Reads an inventory and chooses hosts. @throws InputError */
export async function load(
  world: World,
  { readInventory }: Pick<Parts, 'readInventory'>,
  wanted: { readonly path: string; readonly limit: readonly string[]; readonly set: readonly string[] },
): Promise<Loaded> {
  const openSecret = secretOpener({
    env: world.env,
    folder: dirname(resolve(world.cwd, wanted.path)),
    onOpen: (value) => world.redactor.add(value),
  })
  const inventory = await readInventory(wanted.path, { set: wanted.set, home: world.home, openSecret })
  // Programs we start (a ProxyCommand, a compiler) have no business with them.
  for (const name of new Set(secretVariables(inventory.hosts))) world.hideVariable(name)
  return { inventory, hosts: selectHosts(inventory, wanted.limit) }
}

/** Environment variables that secrets are read from, anywhere in the data. */
function secretVariables(value: unknown): readonly string[] {
  if (value instanceof Secret) return 'env' in value.reference ? [value.reference.env] : []
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(secretVariables)
}
