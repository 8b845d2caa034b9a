import type { Inventory } from '../inventory/inventory.ts'
import { heldImage, heldSupply } from './held.ts'
import { readLock } from './lock-file.ts'
import { neededArtifacts } from './needed-artifacts.ts'
import type { LocalWork } from './parts.ts'
import { openSupply } from './supply.ts'

/**
 * Whether the source of an inventory still has what its lock file names. Nothing is fetched for it: digests of releases stand in
 * our catalog, those of a bundle in its index. What the lab compiles shows when it is compiled.
 * @throws InputError naming both digests
 */
export async function holdSource(inventory: Inventory, work: LocalWork): Promise<void> {
  const lock = await readLock(work.world, inventory.file)
  if (lock === undefined || inventory.artifacts.source === 'lab') return
  const { supply, pulls } = await openSupply(inventory, work)
  const { programs, images, manifests } = neededArtifacts(inventory)
  const held = heldSupply(supply, lock)
  if (pulls) for (const reference of images.values()) heldImage(lock, reference)
  for (const name of [...programs, ...manifests, ...(pulls ? [] : images.keys())]) await held.offers(name)
}
