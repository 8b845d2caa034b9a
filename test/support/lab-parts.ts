import { homedir } from 'node:os'
import { join } from 'node:path'
import { build } from '../../src/lab/bundle/builder.ts'
import { RECIPES } from '../../src/lab/bundle/recipes.ts'

/** Folders of these parts of the lab's bundle, by name: out of the cache that `test/prepare.ts` has filled, or made now. */
export async function labParts<Name extends string>(names: readonly Name[]): Promise<Readonly<Record<Name, string>>> {
  const cacheDir = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'provision')
  const recipes = RECIPES.filter(({ name }) => (names as readonly string[]).includes(name))
  const { parts, release } = build(recipes, { cacheDir, jobs: 2, report: () => undefined })
  try {
    const made = await Promise.all(parts.values())
    return Object.fromEntries(made.map(({ name, dir }) => [name, dir])) as Record<Name, string>
  } finally {
    await Promise.allSettled(parts.values())
    await release()
  }
}
