import { existsSync } from 'node:fs'
import { mkdir, readdir, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Shell, TestHost } from './test-host.ts'

/** Where the machine's cgroup tree has room for a systemd of its own: the named hierarchy of v1, or the only one of v2. */
const V1 = '/sys/fs/cgroup/systemd'
const V2 = '/sys/fs/cgroup'
let count = 0

/**
 * A test host whose process 1 is a real systemd, with a journal. It sees one cgroup hierarchy only, rooted in a cgroup of
 * its own, so nothing of it shows in the machine's tree; systemd 256 and newer must be told that v1 is meant.
 */
export class SystemdHost extends TestHost {
  #cgroup = ''

  static override async start(shell: Shell = 'dash'): Promise<SystemdHost> {
    const v1 = existsSync(V1)
    const cgroup = join(v1 ? V1 : V2, `provision-test-${process.pid}-${++count}`)
    await mkdir(cgroup)
    const mounts = v1
      ? `mount -t tmpfs lab sys/fs/cgroup
mkdir sys/fs/cgroup/systemd
mount -t cgroup -o none,name=systemd lab sys/fs/cgroup/systemd`
      : 'mount -t cgroup2 lab sys/fs/cgroup'
    const { child, pid } = await TestHost.boot({
      enter: ['sh', '-c', `printf '%s' $$ >${cgroup}/cgroup.procs; exec "$@"`, 'sh'],
      namespaces: ['--cgroup'],
      init: `${mounts}
printf 'ready\\n'
exec env -i container=lab PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot . /usr/lib/systemd/systemd ${v1 ? 'SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1' : ''} >/dev/null 2>&1 </dev/null`,
    })
    const host = new SystemdHost(child, pid, shell)
    host.#cgroup = cgroup
    await host.sh('until [ -S /run/systemd/private ]; do sleep 0.1; done; systemctl is-system-running --wait || systemctl --failed')
    return host
  }

  /** Files, and since when each unit is in its state. */
  override trace(): Promise<string> {
    return this.sh(`find / /run /tmp -xdev ${RESTLESS} -printf '%p %y %m %U %G %s %i %T@ %C@ %l\\n' | LC_ALL=C sort
systemctl show -p Id,ActiveState,NRestarts,InvocationID,StateChangeTimestampMonotonic '*.service' '*.timer' '*.socket' '*.mount'`)
  }

  override state(): Promise<string> {
    return this.sh(`find / /run /tmp -xdev ${RESTLESS} ! -path '/var/lib/provision*' -printf '%p %y %m %U %G %l\\n' | LC_ALL=C sort
find / /run /tmp -xdev -type f -cnewer /.lab-born ${RESTLESS} ! -path '/var/lib/provision*' -exec sha256sum {} + | LC_ALL=C sort
systemctl list-units --no-legend --plain -t service,timer,socket`)
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    process.kill(this.pid, 'SIGKILL')
    await this.gone()
    await removeTree(this.#cgroup)
  }
}

/** What a running systemd writes by itself. */
const RESTLESS = ['/run/systemd*', '/run/udev*', '/run/log*', '/run/utmp', '/var/log*', '/var/lib/systemd*', '/run/provision*', '/tmp/systemd*']
  .map((path) => `! -path '${path}'`)
  .join(' ')

/** A cgroup's files cannot be removed, its folders only from the inside out, and only once the kernel has buried their processes. */
async function removeTree(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  for (const entry of entries) if (entry.isDirectory()) await removeTree(join(folder, entry.name))
  for (let tries = 0; tries < 50; tries++) {
    const error: unknown = await rmdir(folder).then(
      () => undefined,
      (reason: unknown) => reason,
    )
    if (!(error instanceof Error && 'code' in error && error.code === 'EBUSY')) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
