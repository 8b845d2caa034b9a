import { type BuildOptions, build } from '../../src/lab/bundle/builder.ts'
import { RECIPES } from '../../src/lab/bundle/recipes.ts'
import { CACHE_DIR } from './test-lab.ts'

/** The cache that `test/prepare.ts` has filled; what is not there is made now. */
export const LAB_CACHE: BuildOptions = {
  cacheDir: CACHE_DIR,
  jobs: 2,
  report: () => undefined,
}

/** Folders of these parts of the lab's bundle, by name. */
export async function labParts<Name extends string>(names: readonly Name[]): Promise<Readonly<Record<Name, string>>> {
  const recipes = RECIPES.filter(({ name }) => (names as readonly string[]).includes(name))
  const { parts, release } = build(recipes, LAB_CACHE)
  try {
    const made = await Promise.all(parts.values())
    return Object.fromEntries(made.map(({ name, dir }) => [name, dir])) as Record<Name, string>
  } finally {
    await Promise.allSettled(parts.values())
    await release()
  }
}
