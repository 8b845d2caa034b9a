import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { sha256 } from '../../src/core/plan.ts'
import { local } from '../../src/transport/local.ts'

const SUITE = 'trixie'
const PACKAGES = [
  'bash',
  'busybox',
  'curl',
  'dash',
  'findutils',
  'kmod',
  'passwd',
  'procps',
  'systemd',
  'udev',
  'util-linux',
  'wget',
]

/**
 * The folder with a small Debian in it that test hosts are layered on. Made once with mmdebstrap (a minute) and kept in
 * the cache under the digest of its recipe; nothing ever writes to it again.
 */
export function testRoot(more: readonly string[] = []): Promise<string> {
  const packages = [...PACKAGES, ...more]
  const key = packages.join(' ')
  const made = making.get(key) ?? makeRoot(packages)
  making.set(key, made)
  return made
}

const making = new Map<string, Promise<string>>()

async function makeRoot(packages: readonly string[]): Promise<string> {
  const recipe = sha256([SUITE, ...packages].join(' ')).slice(0, 12)
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'provision')
  const root = join(cache, `test-root-${recipe}`)
  if (existsSync(root)) return root
  await mkdir(cache, { recursive: true })
  const draft = await mkdtemp(`${root}.`)
  const made = await local([
    'mmdebstrap',
    '--variant=minbase',
    `--include=${packages.join(',')}`,
    '--customize-hook=rm -rf "$1"/var/cache/apt/* "$1"/var/lib/apt/lists/*',
    SUITE,
    draft,
  ])
  if (made.code !== 0) throw new Error(`mmdebstrap could not make the test root: ${made.stderr.slice(-2000)}`)
  // Somebody else may have made it meanwhile: theirs is as good.
  await rename(draft, root).catch(() => rm(draft, { recursive: true, force: true }))
  return root
}
