import type { Cache } from '../cache.ts'
import { recipeDigest } from '../cache.ts'
import { rootArchive, rootRecipe } from '../debian/root.ts'
import { command, must } from '../local/command.ts'
import { withFileLock } from '../local/lock.ts'
import { task } from '../task.ts'
import { daemonCgroupVersion, ensureDaemon } from './daemon.ts'

const IMPORT_DEADLINE_MS = 10 * 60_000

/**
 * How a container of that image becomes a machine: systemd as its first process, in memory what is in memory on a
 * machine, the cgroup tree of this machine, no added capability. The same words serve `docker create` and testcontainers.
 */
export interface ContainerShape {
  readonly image: string
  readonly command: readonly string[]
  readonly tmpfs: readonly string[]
  readonly binds: readonly { readonly source: string; readonly target: string; readonly mode: 'rw' }[]
  readonly environment: Readonly<Record<string, string>>
}

/** The image, imported unless the daemon has it, and the flags it needs. Starts the daemon when none answers. */
export async function containerShape(cache: Cache): Promise<ContainerShape> {
  await ensureDaemon(cache)
  const image = await containerImage(cache)
  const legacy = (await daemonCgroupVersion()) === '1'
  return {
    image,
    command: initCommand(legacy),
    tmpfs: ['/run', '/run/lock', '/tmp'],
    binds: [{ source: '/sys/fs/cgroup', target: '/sys/fs/cgroup', mode: 'rw' }],
    environment: { container: 'docker' },
  }
}

/** systemd 256 and later refuse the old cgroup tree unless they are told twice; in a container argv is its command line. */
function initCommand(legacyCgroups: boolean): string[] {
  const force = ['SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1', 'systemd.unified_cgroup_hierarchy=0']
  return ['/sbin/init', ...(legacyCgroups ? force : [])]
}

/** Flags of `docker create` for that shape, image and command not included. */
export function createFlags(shape: ContainerShape): string[] {
  return [
    '--cgroupns=host',
    ...shape.tmpfs.flatMap((path) => ['--tmpfs', path]),
    ...shape.binds.flatMap(({ source, target, mode }) => ['--volume', `${source}:${target}:${mode}`]),
    ...Object.entries(shape.environment).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
  ]
}

async function containerImage(cache: Cache): Promise<string> {
  const recipe = rootRecipe()
  const name = `provision-lab/root:${recipeDigest(recipe)}`
  const archive = await rootArchive(cache, recipe)
  await withFileLock(`${archive}.import.lock`, { waitMs: IMPORT_DEADLINE_MS }, async () => {
    const present = await command(['docker', 'image', 'inspect', name], { deadlineMs: 20_000 })
    if (present.code === 0) return
    await task(cache.report, 'lab/image', 'Import the root file system into Docker', async () => {
      const change = 'CMD ["/sbin/init"]'
      await must(['docker', 'import', '--change', change, archive, name], { deadlineMs: IMPORT_DEADLINE_MS })
    })
  })
  return name
}
