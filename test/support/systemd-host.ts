import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Shell, TestHost } from './test-host.ts'

const CGROUPS = '/sys/fs/cgroup'
let count = 0

/**
 * A test host whose process 1 is a real systemd, with a journal. It lives in cgroups of its own, below those of this
 * process, so nothing of it shows in the machine's tree. With cgroup v1, systemd 256 and newer must be told that v1 is meant.
 */
export class SystemdHost extends TestHost {
  #cgroups: readonly string[] = []

  static override async start(shell: Shell = 'dash'): Promise<SystemdHost> {
    const cgroups = await makeCgroups(`provision-test-${process.pid}-${++count}`)
    const v1 = existsSync(`${CGROUPS}/systemd`)
    const mounts = v1
      ? 'mount -t tmpfs lab sys/fs/cgroup\nmkdir sys/fs/cgroup/systemd\nmount -t cgroup -o none,name=systemd lab sys/fs/cgroup/systemd'
      : 'mount -t cgroup2 lab sys/fs/cgroup'
    const systemd = `/usr/lib/systemd/systemd${v1 ? ' SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1' : ''}`
    const { child, pid } = await TestHost.boot({
      enter: [
        'sh',
        '-c',
        `for g in ${cgroups.join(' ')}; do printf '%s' $$ >$g/cgroup.procs; done; exec setpriv --pdeathsig KILL "$@"`,
        'sh',
      ],
      namespaces: ['--cgroup'],
      init: `${mounts}
exec env -i container=lab PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot . /bin/sh -c 'printf "ready\\n"; exec ${systemd} >/dev/null 2>&1 </dev/null'`,
    })
    const host = new SystemdHost(child, pid, shell)
    host.#cgroups = cgroups
    await host.sh(`tries=0
until [ -S /run/systemd/private ]; do [ $((tries += 1)) -lt 200 ] || exit 1; sleep 0.1; done
timeout 30 systemctl is-system-running --wait || { systemctl --failed; systemctl list-jobs; exit 1; }`)
    return host
  }

  /** Files, and since when each unit is in its state. */
  override trace(): Promise<string> {
    return this.sh(`find / /run /tmp -xdev ${RESTLESS} -printf '%p %y %m %U %G %s %i %T@ %C@ %l\\n' | LC_ALL=C sort
systemctl show -p Id,ActiveState,NRestarts,InvocationID,StateChangeTimestampMonotonic '*.service' '*.timer' '*.socket' '*.mount'`)
  }

  override state(): Promise<string> {
    const files = `${RESTLESS} ! -path '/var/lib/provision*'`
    return this.sh(`find / /run /tmp -xdev ${files} -printf '%p %y %m %U %G %l\\n' | LC_ALL=C sort
find / /run /tmp -xdev -type f -cnewer /.lab-born ${files} -exec sha256sum {} + | LC_ALL=C sort
systemctl list-units --no-legend --plain -t service,timer,socket`)
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    process.kill(this.pid, 'SIGKILL')
    await this.gone()
    for (const cgroup of this.#cgroups) await removeTree(cgroup)
  }
}

/** What a running systemd writes by itself. */
const RESTLESS = [
  '/run/systemd',
  '/run/udev',
  '/run/log',
  '/var/log',
  '/var/lib/systemd',
  '/var/cache',
  '/run/provision',
  '/tmp/systemd',
  '/etc/machine-id',
  '/etc/.updated',
  '/var/.updated',
]
  .map((path) => `! -path '${path}*'`)
  .join(' ')

/** One below this process's own in every hierarchy; `cpuset` takes nobody before it is configured, and systemd does without. */
async function makeCgroups(name: string): Promise<readonly string[]> {
  const made: string[] = []
  for (const line of (await readFile('/proc/self/cgroup', 'utf8')).trim().split('\n')) {
    const [, controllers = '', path = ''] = line.split(':')
    const hierarchy =
      controllers === '' && !existsSync(`${CGROUPS}/unified`) ? '.' : controllers.replace('name=', '') || 'unified'
    const folder = join(CGROUPS, hierarchy, path)
    if (controllers === 'cpuset' || !existsSync(folder)) continue
    await sweep(folder)
    await mkdir(join(folder, name))
    made.push(join(folder, name))
  }
  return made
}

/** Removes what test runs that were killed left behind. */
async function sweep(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const [, owner] = /^provision-test-(\d+)-\d+$/.exec(name) ?? []
    if (owner !== undefined && !existsSync(`/proc/${owner}`)) await removeTree(join(folder, name), 1)
  }
}

/** A cgroup's files cannot be removed, its folders only from the inside out, once the kernel has buried their processes. */
async function removeTree(folder: string, patience = 50): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  for (const entry of entries) if (entry.isDirectory()) await removeTree(join(folder, entry.name), patience)
  for (let tries = 0; tries < patience; tries++) {
    const error: unknown = await rmdir(folder).then(
      () => undefined,
      (reason: unknown) => reason,
    )
    if (!(error instanceof Error && 'code' in error && error.code === 'EBUSY')) return
    if (tries + 1 < patience) await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
