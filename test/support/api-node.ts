import { readdirSync, readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import type { Node } from '../../src/cluster/node.ts'
import { Value } from '../../src/core/value.ts'
import { startBundle } from '../../src/lab/bundle/bundle.ts'
import type { ManifestRecipe } from '../../src/lab/bundle/recipe.ts'
import { LAB_CACHE } from './lab-parts.ts'
import { MANIFESTS } from './manifest-recipes.ts'
import { NO_ARTIFACTS, nodeOf } from './node.ts'

/** Upstream's manifests that no module has, byte for byte. */
const CASES = new URL('../cases/manifests/', import.meta.url)

/** The first control plane of an inventory, with upstream's own manifests at hand. */
export async function apiNode(inventory: string, recipes: readonly ManifestRecipe[] = MANIFESTS): Promise<Node> {
  const bundle = await startBundle(LAB_CACHE, recipes).done
  const texts = await Promise.all(
    recipes.map(async ({ artifact }) => [artifact, await text(bundle.file(artifact).open())] as const),
  )
  const copies = readdirSync(CASES).map((name) => [name, readFileSync(new URL(name, CASES), 'utf8')] as const)
  const known = new Map([...copies, ...texts].map(([name, text]) => [name, Value.of(name, text)]))
  const manifest = (name: string) => known.get(name) ?? NO_ARTIFACTS.manifest(name)
  return nodeOf(inventory, { artifacts: { ...NO_ARTIFACTS, manifest } })
}
