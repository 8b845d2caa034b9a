import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { sha256 } from '../../src/core/plan.ts'
import { local } from '../../src/transport/local.ts'

const SUITE = 'trixie'
const PACKAGES = ['bash', 'busybox', 'dash', 'findutils', 'kmod', 'passwd', 'procps', 'systemd', 'udev', 'util-linux']

/**
 * The folder with a small Debian in it that test hosts are layered on. Made once with mmdebstrap (a minute) and kept in
 * the cache under the digest of its recipe; nothing ever writes to it again.
 */
export async function testRoot(): Promise<string> {
  const recipe = sha256([SUITE, ...PACKAGES].join(' ')).slice(0, 12)
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'provision')
  const root = join(cache, `test-root-${recipe}`)
  if (existsSync(root)) return root
  const draft = `${root}.${process.pid}`
  await mkdir(cache, { recursive: true })
  const made = await local([
    'mmdebstrap',
    '--variant=minbase',
    `--include=${PACKAGES.join(',')}`,
    '--customize-hook=rm -rf "$1"/dev/* "$1"/var/cache/apt/* "$1"/var/lib/apt/lists/*',
    SUITE,
    draft,
  ])
  if (made.code !== 0) throw new Error(`mmdebstrap could not make the test root: ${made.stderr.slice(-2000)}`)
  // Somebody else may have made it meanwhile: theirs is as good.
  await rename(draft, root).catch(() => rm(draft, { recursive: true, force: true }))
  return root
}
