import { join } from 'node:path'
import { buildCommand } from './build-command.ts'
import type { Making } from './part.ts'
import type { RootRecipe } from './recipe.ts'

/** Dates of files become this, so that the same packages give the same bytes. */
const EPOCH_SECONDS = '1767225600'

/** Left out: nobody reads manuals inside an image. */
const LEFT_OUT = ['/usr/share/doc/*', '/usr/share/man/*', '/usr/share/locale/*', '/usr/share/info/*']

/** What says when and where it was made: logs, caches, this machine's name and resolvers. */
const FORGET = ['var/log/*', 'var/cache/*', 'var/lib/apt/lists', 'etc/hostname', 'etc/resolv.conf']

/** A Debian root with the packages every Debian has plus the recipe's own, without apt: `root.tar`. */
export async function makeRoot(recipe: RootRecipe, making: Making): Promise<void> {
  const options = [
    '--variant=essential',
    '--format=tar',
    `--include=${recipe.packages.join(',')}`,
    ...LEFT_OUT.map((pattern) => `--dpkgopt=path-exclude=${pattern}`),
    `--customize-hook=${FORGET.map((path) => `rm -rf "$1"/${path}`).join('; ')}`,
  ]
  await buildCommand(['mmdebstrap', ...options, recipe.suite, join(making.dir, 'root.tar')], {
    env: { SOURCE_DATE_EPOCH: EPOCH_SECONDS },
    onLine: (line) => making.line(line.replace(/^I: /, '')),
    fix: 'Debian packages come from the mirrors apt knows: check with `apt-get update` that they can be reached',
    ...(making.signal === undefined ? {} : { signal: making.signal }),
  })
}
