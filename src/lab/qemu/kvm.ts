import { access, constants, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { release } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Cache } from '../cache.ts'
import { isAlive, killAndWait, startDetached } from '../local/process.ts'
import { task } from '../task.ts'
import { emulatorArgv } from './emulator.ts'

/**
 * - `absent`: no /dev/kvm that we may open.
 * - `untried`: there is one; whether a guest boots is not known, since on some machines it opens and guests then hang.
 * - `boots`, `hangs`: seen on this machine with this kernel.
 */
export type Kvm = 'absent' | 'untried' | 'boots' | 'hangs'

const PROOF_DEADLINE_MS = 30_000

/** What is known without trying. */
export async function kvmKnown(cacheDir: string): Promise<Kvm> {
  const usable = await access('/dev/kvm', constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  )
  if (!usable) return 'absent'
  const text = await readFile(recordOf(cacheDir), 'utf8').catch(() => '{}')
  const record = JSON.parse(text) as { kernel?: string; kvm?: Kvm }
  return record.kernel === release() ? (record.kvm ?? 'untried') : 'untried'
}

/** Boots a kernel without a disk under KVM, once for each kernel of this machine, and waits for its first words. */
export async function proveKvm(cache: Cache, emulatorRoot: string, boot: string): Promise<Kvm> {
  const known = await kvmKnown(cache.folder)
  if (known !== 'untried') return known
  return task(cache.report, 'lab/kvm', 'Try to boot a guest with KVM', async (progress) => {
    const folder = join(cache.folder, 'kvm')
    await mkdir(folder, { recursive: true })
    const console = join(folder, 'console.log')
    await rm(console, { force: true })
    const kvm = (await bootsWithKvm(emulatorRoot, boot, console)) ? 'boots' : 'hangs'
    progress.line(kvm === 'boots' ? 'a guest boots' : 'no guest said a word: not used')
    await writeFile(recordOf(cache.folder), `${JSON.stringify({ kernel: release(), kvm })}\n`)
    return kvm
  })
}

async function bootsWithKvm(emulatorRoot: string, boot: string, console: string): Promise<boolean> {
  const args = [
    '-M',
    'q35',
    '-accel',
    'kvm',
    '-cpu',
    'host',
    '-m',
    '512',
    '-display',
    'none',
    '-nodefaults',
    '-no-reboot',
  ]
  const kernel = [
    '-serial',
    'stdio',
    '-kernel',
    join(boot, 'vmlinuz'),
    '-append',
    'console=ttyS0 earlyprintk=ttyS0 panic=-1',
  ]
  const guest = await startDetached(emulatorArgv(emulatorRoot, [...args, ...kernel]), console, join(console, '..'))
  try {
    const until = performance.now() + PROOF_DEADLINE_MS
    while (performance.now() < until) {
      if ((await readFile(console, 'utf8')).includes('Linux version')) return true
      if (!(await isAlive(guest))) return false
      await sleep(100)
    }
    return false
  } finally {
    await killAndWait(guest)
  }
}

function recordOf(cacheDir: string): string {
  return join(cacheDir, 'kvm', 'seen.json')
}
