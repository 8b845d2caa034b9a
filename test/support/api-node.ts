import { text } from 'node:stream/consumers'
import type { Node } from '../../src/cluster/node.ts'
import { Value } from '../../src/core/value.ts'
import { startBundle } from '../../src/lab/bundle/bundle.ts'
import type { ManifestRecipe } from '../../src/lab/bundle/recipe.ts'
import { LAB_CACHE } from './lab-parts.ts'
import { copiedArtifacts } from './manifest-copies.ts'
import { MANIFESTS } from './manifest-recipes.ts'
import { nodeOf } from './node.ts'

/** The first control plane of an inventory, with upstream's own manifests at hand. */
export async function apiNode(inventory: string, recipes: readonly ManifestRecipe[] = MANIFESTS): Promise<Node> {
  const bundle = await startBundle(LAB_CACHE, recipes).done
  const texts = await Promise.all(
    recipes.map(async ({ artifact }) => [artifact, await text(bundle.file(artifact).open())] as const),
  )
  const known = new Map(texts.map(([name, text]) => [name, Value.of(name, text)]))
  // What no module has is there as a copy.
  const copies = copiedArtifacts()
  const manifest = (name: string) => known.get(name) ?? copies.manifest(name)
  return nodeOf(inventory, { artifacts: { ...copies, manifest } })
}
