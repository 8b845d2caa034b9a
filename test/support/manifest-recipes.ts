import type { ManifestRecipe } from '../../src/lab/bundle/recipe.ts'
import { RECIPES } from '../../src/lab/bundle/recipes.ts'

/** Upstream's manifests as the lab's bundle has them. */
export const MANIFESTS: readonly ManifestRecipe[] = RECIPES.filter((recipe) => recipe.kind === 'manifest')

/** Releases before those, which a cluster may still have: version, and digest of the manifest. */
const OLDER_RELEASES: Readonly<Record<string, readonly [string, string]>> = {
  'kube-flannel.yml': ['v0.28.4', '0bd380eb4954227c903bdea96dc9254650badd2d45ebe31978a47c3ffe2e9727'],
  'metallb-native.yaml': ['v0.15.2', 'a1b04c376fb39c93265f551fe23716a3ae6e09b790edb3bf257d3fc784c35a18'],
}

/** The same of an older release, where there is one to try. */
export const OLDER_MANIFESTS: readonly ManifestRecipe[] = MANIFESTS.flatMap((recipe) => {
  const [version, sha256] = OLDER_RELEASES[recipe.artifact] ?? []
  if (version === undefined || sha256 === undefined) return []
  const { name, module } = recipe
  return [{ ...recipe, name: `${name}-older`, title: `${name} ${version}`, module: { ...module, version }, sha256 }]
})
