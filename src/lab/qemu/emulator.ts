import { join } from 'node:path'
import { type Cache, fromCache, type Recipe } from '../cache.ts'
import { debianMirror, keyringFor, sourceLine } from '../debian/archive.ts'
import { ensurePackages } from '../debian/packages.ts'
import { SUITE } from '../debian/root.ts'
import { must } from '../local/command.ts'

/**
 * QEMU 10 as trixie has it, with all its libraries, unpacked into the cache and started with its own loader: the same on
 * every Debian, and nothing of this machine is replaced. QEMU 7.2 (bookworm's) corrupts a register in `cmpxchg16b`, and
 * guests panic within the hour.
 */
const RECIPE: Recipe = {
  kind: 'qemu',
  title: 'Fetch QEMU',
  inputs: { suite: SUITE, packages: ['qemu-system-x86'], variant: 'extract', layout: 1 },
}

const FETCH_DEADLINE_MS = 30 * 60_000

/** Folder that holds QEMU's own `usr`. */
export async function emulator(cache: Cache): Promise<string> {
  const folder = await fromCache(cache, RECIPE, async (part, task) => {
    await ensurePackages(['mmdebstrap'], cache.report)
    const mirror = await debianMirror()
    const keyring = await keyringFor(part, mirror, SUITE)
    const source = sourceLine(mirror, SUITE, keyring)
    const argv = ['mmdebstrap', '--variant=extract', '--include=qemu-system-x86', SUITE, join(part, 'root'), source]
    await must(argv, { deadlineMs: FETCH_DEADLINE_MS, onLine: task.line })
    await must(['rm', '-rf', join(part, 'keyring')], { deadlineMs: 60_000 })
  })
  return join(folder, 'root')
}

/** Argument list that runs the emulator of that folder. */
export function emulatorArgv(root: string, args: readonly string[]): string[] {
  const usr = join(root, 'usr')
  return [
    join(usr, 'lib64/ld-linux-x86-64.so.2'),
    '--library-path',
    `${usr}/lib/x86_64-linux-gnu:${usr}/lib`,
    join(usr, 'bin/qemu-system-x86_64'),
    '-L',
    join(usr, 'share/qemu'),
    '-L',
    join(usr, 'share/seabios'),
    ...args,
  ]
}
