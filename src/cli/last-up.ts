import { mkdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { sha256 } from '../core/plan.ts'
import type { Inventory } from '../inventory/inventory.ts'
import { writePrivateFile } from './private-file.ts'
import type { World } from './world.ts'

/** The last `up` of a whole cluster that went well, from this computer. */
export interface LastUp {
  /** Digest of the inventory it was made with. */
  readonly inventory: string
  /** Version of provision that did it. */
  readonly version: string
  /** ISO 8601. */
  readonly at: string
}

const schema = z.object({ inventory: z.string(), version: z.string(), at: z.string() })

/** Digest of what an inventory says, whatever name it was called by. */
export function inventoryDigest(inventory: Inventory): string {
  return sha256(JSON.stringify({ ...inventory, file: '' }))
}

/** Nothing when there was none here: another computer may have done it. */
export async function lastUp(world: World, cluster: string): Promise<LastUp | undefined> {
  const text = await readFile(fileOf(world, cluster), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  try {
    return schema.parse(JSON.parse(text))
  } catch {
    // Cut off, or of another version: as good as none.
    return undefined
  }
}

export async function recordUp(world: World, cluster: string, up: LastUp): Promise<void> {
  const file = fileOf(world, cluster)
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  await writePrivateFile(file, `${JSON.stringify(up)}\n`)
}

function fileOf({ env, home }: Pick<World, 'env' | 'home'>, cluster: string): string {
  return join(env.XDG_STATE_HOME || join(home, '.local', 'state'), 'provision', 'clusters', `${cluster}.json`)
}
