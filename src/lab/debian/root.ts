import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Cache, fromCache, type Recipe } from '../cache.ts'
import { must } from '../local/command.ts'
import { debianMirror, keyringFor, sourceLine } from './archive.ts'
import { CUSTOMISE } from './customise.ts'
import { ensurePackages } from './packages.ts'

export const SUITE = 'trixie'

/** What a bare Debian server has, and nothing of Kubernetes. No Python. */
const PACKAGES = [
  'systemd', 'systemd-sysv', 'systemd-timesyncd', 'udev', 'dbus', 'kmod', 'procps', 'util-linux', 'e2fsprogs',
  'openssh-server', 'sudo', 'ca-certificates', 'curl', 'less', 'iproute2', 'iputils-ping', 'netcat-openbsd', 'socat',
  'iptables', 'nftables', 'ebtables', 'ipset', 'ipvsadm', 'conntrack', 'ethtool',
] as const // biome-ignore format: a table

export interface RootRecipe extends Recipe {
  readonly inputs: { readonly suite: string; readonly packages: readonly string[]; readonly customise: string }
}

/** Root file system of all lab machines; `extra` packages for a driver that boots its own kernel. */
export function rootRecipe(extra: readonly string[] = []): RootRecipe {
  return {
    kind: 'root',
    title: `Install Debian ${SUITE} into a root file system`,
    inputs: { suite: SUITE, packages: [...PACKAGES, ...extra], customise: CUSTOMISE },
  }
}

const BOOTSTRAP_DEADLINE_MS = 60 * 60_000

/** Path of the tar archive of the root file system. */
export async function rootArchive(cache: Cache, recipe: RootRecipe): Promise<string> {
  const folder = await fromCache(cache, recipe, async (part, task) => {
    await ensurePackages(['mmdebstrap'], cache.report)
    const mirror = await debianMirror()
    const keyring = await keyringFor(part, mirror, recipe.inputs.suite)
    const hook = join(part, 'customise.sh')
    await writeFile(hook, recipe.inputs.customise, { mode: 0o755 })
    await must(
      [
        'mmdebstrap',
        '--variant=minbase',
        `--architectures=${mirror.architecture}`,
        `--include=${recipe.inputs.packages.join(',')}`,
        `--customize-hook=${hook}`,
        recipe.inputs.suite,
        join(part, 'root.tar'),
        sourceLine(mirror, recipe.inputs.suite, keyring),
      ],
      { deadlineMs: BOOTSTRAP_DEADLINE_MS, onLine: (line) => task.line(line) },
    )
    await must(['rm', '-rf', join(part, 'keyring')], { deadlineMs: 60_000 })
  })
  return join(folder, 'root.tar')
}
