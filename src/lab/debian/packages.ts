import { userInfo } from 'node:os'
import { FailedError } from '../../core/errors.ts'
import type { Report } from '../../core/events.ts'
import { command, must } from '../local/command.ts'
import { withFileLock } from '../local/lock.ts'
import { task } from '../task.ts'

const INSTALL_DEADLINE_MS = 20 * 60_000
const INSTALL = ['install', '--yes', '--no-remove', '--no-install-recommends']
const INSTALL_LOCK = '/run/lock/provision-apt.lock'

/** Installs the Debian packages that are missing, saying so first. Nothing is removed or upgraded. */
export async function ensurePackages(names: readonly string[], report: Report): Promise<void> {
  const wanted = await missingPackages(names)
  if (wanted.length === 0) return
  if (userInfo().uid !== 0) throw mustBeRoot(wanted)
  await withFileLock(INSTALL_LOCK, { waitMs: INSTALL_DEADLINE_MS }, async () => {
    const missing = await missingPackages(names)
    if (missing.length > 0) await install(missing, report)
  })
}

async function install(missing: readonly string[], report: Report): Promise<void> {
  await task(report, 'lab/packages', `Install Debian packages: ${missing.join(', ')}`, async (progress) => {
    const options = {
      deadlineMs: INSTALL_DEADLINE_MS,
      env: { DEBIAN_FRONTEND: 'noninteractive', NEEDRESTART_SUSPEND: '1' },
      onLine: (line: string) => progress.line(line),
    }
    // A list that is out of date names files the mirror no longer has.
    await must(['apt-get', '-o', 'DPkg::Lock::Timeout=600', 'update'], options)
    await must(['apt-get', '-o', 'DPkg::Lock::Timeout=600', ...INSTALL, ...missing], options)
  })
}

/** Those of `names` that dpkg does not have installed and configured. */
export async function missingPackages(names: readonly string[]): Promise<string[]> {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own placeholders
  const format = '${Package} ${db:Status-Status}\\n'
  const { stdout } = await command(['dpkg-query', '--show', '--showformat', format, ...names], { deadlineMs: 30_000 })
  const installed = new Set(stdout.split('\n').map((line) => line.replace(/ installed$/, '')))
  return names.filter((name) => !installed.has(name))
}

function mustBeRoot(missing: readonly string[]): FailedError {
  return new FailedError({
    what: `the lab needs Debian packages that are missing: ${missing.join(', ')}`,
    where: 'this machine',
    why: 'only root may install packages',
    fix: `sudo ${['apt-get', ...INSTALL, ...missing].join(' ')}`,
  })
}
