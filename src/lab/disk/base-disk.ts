import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Cache, fromCache, type Recipe, recipeDigest } from '../cache.ts'
import { ensurePackages } from '../debian/packages.ts'
import { type RootRecipe, rootArchive } from '../debian/root.ts'
import { must } from '../local/command.ts'

/** Small, because a machine's copy grows to the size it was asked for and never shrinks. */
const BASE_DISK = '3G'

export interface DiskRecipe {
  /** Folder in the cache, e.g. `uml-disk`. */
  readonly kind: string
  readonly root: RootRecipe
  /** What else goes in: a tar of `lib/modules/VERSION`, with the recipe it came from. */
  readonly modules?: { readonly recipe: Recipe; readonly archive: string; readonly version: string }
  /** Files of the root's /boot to put beside the disk image, for a kernel that is started from outside. */
  readonly boot: boolean
}

/** Folder with `disk.img`: an ext4 file system without partitions, every machine's first disk before it has a name. */
export async function baseDisk(cache: Cache, disk: DiskRecipe): Promise<string> {
  const recipe: Recipe = {
    kind: disk.kind,
    title: 'Make the base disk of lab machines',
    inputs: {
      root: recipeDigest(disk.root),
      modules: disk.modules && recipeDigest(disk.modules.recipe),
      boot: disk.boot,
      size: BASE_DISK,
      layout: 1,
    },
  }
  const archive = await rootArchive(cache, disk.root)
  return fromCache(cache, recipe, async (part, task) => {
    await ensurePackages(['e2fsprogs', 'kmod'], cache.report)
    const tree = join(part, 'tree')
    const options = { cwd: part, deadlineMs: 15 * 60_000, onLine: task.line }
    await must(['mkdir', tree], options)
    await must(['tar', '-C', tree, '--numeric-owner', '--xattrs', '--xattrs-include=*', '-xpf', archive], options)
    if (disk.modules) {
      await must(['tar', '-C', join(tree, 'usr'), '-xf', disk.modules.archive], options)
      await must(['depmod', '-b', tree, disk.modules.version], options)
    }
    if (disk.boot) await copyKernel(tree, part)
    // As the kernel sees it: no partition table, the label is what fstab could name.
    await must(['mke2fs', '-q', '-t', 'ext4', '-L', 'lab-root', '-m', '1', '-d', tree, 'disk.img', BASE_DISK], options)
    await rm(tree, { recursive: true, force: true })
  })
}

/** The newest kernel and its initial file system, under fixed names. */
async function copyKernel(tree: string, part: string): Promise<void> {
  const names = await readdir(join(tree, 'boot'))
  for (const [prefix, name] of [
    ['vmlinuz-', 'vmlinuz'],
    ['initrd.img-', 'initrd.img'],
  ] as const) {
    const found = names
      .filter((file) => file.startsWith(prefix))
      .sort()
      .at(-1)
    await must(['cp', join(tree, 'boot', found ?? prefix), join(part, name)], { deadlineMs: 60_000 })
  }
}
