import { expect, test } from 'vitest'
import { checkHardware, verifyHardware } from '../../../playbooks/verify-hardware.ts'
import type { AnyProbe } from '../../../src/core/fact.ts'
import { FSYNC_RECORD } from '../../../src/facts/fsync.ts'
import { nodeOf, ONE_NODE } from '../../support/node.ts'
import { SHELLS, TestHost } from '../../support/test-host.ts'

/** What a namespace of this machine cannot be: accepted by name, as an inventory would. */
const ACCEPT = `    accept:
      virtualisation: a namespace of the machine that runs the tests
      init: there is no init in it
      cgroup: that machine may still have version 1
      kernel-modules: its kernel has what it has
      kernel-config: its kernel has what it has
      kernel-version: its kernel is what it is
      memory: it has the memory of that machine
      cpu-count: it has the processors of that machine
      cpu-steal: others may run beside it
      x86-64-level: its processor is what it is
      disk-space: its disk lies in memory
      machine-id: an image that was never started
      hostname: it is called lab
      etcd-fsync: others may write beside it
`
/** Files that come through our own connection need no name resolved. */
const TEXT = ONE_NODE.replace('network:', 'artifacts: {source: lab}\nnetwork:')
const node = () => nodeOf(TEXT + ACCEPT, { operatorClock: () => Date.now() })
const upResources = () => verifyHardware.resources(node())

function unique(probes: readonly AnyProbe[]): readonly AnyProbe[] {
  return [...new Map(probes.map((probe) => [`${probe.fact.name} ${probe.fact.id(probe.ask)}`, probe])).values()]
}

test.each(SHELLS)('all facts answer in one look, and say the same one by one (%s)', async (shell) => {
  await using host = await TestHost.start(shell)
  const probes = unique(upResources().flatMap((resource) => resource.probes))
  const together = (await host.look(probes)).identity(probes)
  const apart: string[] = []
  for (const probe of probes) apart.push(...(await host.look([probe])).identity([probe]))
  expect(apart.toSorted()).toEqual(together.toSorted())
  expect(together.length).toBeGreaterThan(50)
})

test('every shell sees the same machine', async () => {
  await using host = await TestHost.start('dash')
  const probes = unique(upResources().flatMap((resource) => resource.probes))
  const seen = []
  for (const shell of SHELLS) seen.push((await host.look(probes, shell)).identity(probes))
  expect(seen[1]).toEqual(seen[0])
  expect(seen[2]).toEqual(seen[0])
})

test.each(SHELLS)('a check names every requirement and leaves no trace (%s)', async (shell) => {
  await using host = await TestHost.start(shell)
  const before = await traceWithoutChangeTimes(host)
  const resources = checkHardware.resources(node())
  const { plan } = await host.plan(resources)
  expect(await traceWithoutChangeTimes(host)).toBe(before)
  expect(plan?.resources.map(({ finding }) => finding?.id)).toEqual(
    resources.map(({ key }) => key.replace('requirement:', '')),
  )
  expect(plan?.resources.filter(({ verdict }) => verdict === 'failed')).toEqual([])
})

test('an unmet requirement leaves the host as it is', async () => {
  await using host = await TestHost.start()
  const strict = nodeOf(TEXT, { operatorClock: () => Date.now() })
  const before = await traceWithoutChangeTimes(host)
  const { result } = await host.up(verifyHardware.resources(strict))
  expect(result).toMatchObject({ verdict: 'unmet', changed: 0, failures: [] })
  expect(result.unmet).toBeGreaterThan(1)
  expect(await traceWithoutChangeTimes(host)).toBe(before)
})

test('the first run measures and keeps the figure, the second one shows it with its date and measures nothing', async () => {
  await using host = await TestHost.start()
  const first = await host.up(upResources())
  expect(unmet(first)).toEqual([])
  expect(first.result).toMatchObject({ verdict: 'ok', changed: 1, failures: [] })
  const record = await host.sh(`cat ${FSYNC_RECORD}`)
  expect(record).toMatch(/^fsync\t\/var\/lib\/etcd\t\/ overlay lab(\t[0-9.]+){3}\t\d+\t\d{10}\n$/)
  const trace = await host.trace()
  const second = await host.up(upResources())
  expect(second.result).toMatchObject({ verdict: 'ok', changed: 0, failures: [] })
  expect(evidence(second, 'etcd-fsync')).toMatch(/measured 20\d\d-\d\d-\d\d .* UTC/)
  // Not even a change time differs: nothing was written.
  expect(await host.trace()).toBe(trace)
})

test('a record of another file system does not count', async () => {
  await using host = await TestHost.start()
  await host.up(upResources())
  await host.sh('mkdir -p /var/lib/etcd && mount -t tmpfs etcd /var/lib/etcd')
  const moved = await host.plan(upResources())
  expect(evidence(moved, 'etcd-fsync')).not.toMatch(/measured/)
  expect(moved.plan?.resources.at(-1)).toMatchObject({ verdict: 'change' })
})

test('a check measures again, and its verdict replaces a record of the other one', async () => {
  await using host = await TestHost.start()
  await host.up(upResources())
  await host.sh(`sed -i 's/overlay lab\\t[^\\t]*\\t[^\\t]*/overlay lab\\t1\\t900000/' ${FSYNC_RECORD}`)
  expect(evidence(await host.plan(upResources()), 'etcd-fsync')).toMatch(/p99 900000.0 ms/)
  expect(evidence(await host.plan(checkHardware.resources(node())), 'etcd-fsync')).not.toMatch(/900000/)
})

test.each([
  ['nothing in it', ''],
  ['half a line', 'fsync\t/var/lib/etcd\t/ overlay'],
  ['words for figures', 'fsync\t/var/lib/etcd\t/ overlay lab\tfast\tvery\t\t\t'],
])('a broken record (%s) is measured over', async (_, text) => {
  await using host = await TestHost.start()
  await host.sh('mkdir -p /var/lib/provision')
  await host.put(FSYNC_RECORD, text)
  expect((await host.up(upResources())).result).toMatchObject({ verdict: 'ok', changed: 1, failures: [] })
  expect((await host.up(upResources())).result).toMatchObject({ verdict: 'ok', changed: 0 })
})

test.each(SHELLS)('a full disk and a read-only one are told apart (%s)', async (shell) => {
  await using host = await TestHost.start(shell)
  await host.sh('mkdir -p /var/lib/etcd && mount -t tmpfs -o size=8k etcd /var/lib/etcd')
  expect(evidence(await host.plan(upResources()), 'etcd-fsync')).toMatch(/^unknown: dd says: .*No space left on device/)
  expect(await host.sh('ls -A /var/lib/etcd')).toBe('')
  await host.sh('umount /var/lib/etcd; mount -t tmpfs -o ro etcd /var/lib/etcd')
  expect(evidence(await host.plan(upResources()), 'etcd-fsync')).toBe('unknown: no file can be made in /var/lib/etcd')
})

test('where tools are missing the look still answers, and says what is unknown', async () => {
  await using host = await TestHost.start('busybox')
  await host.sh(
    'rm -f /usr/bin/getent /usr/bin/stat /usr/bin/systemd-detect-virt /etc/os-release /usr/lib/os-release /etc/resolv.conf',
  )
  const modified = `find /var/lib -maxdepth 0 -printf '%T@'`
  const before = await host.sh(modified)
  const bare = await host.plan(verifyHardware.resources(nodeOf(TEXT, { operatorClock: () => Date.now() })))
  expect(bare.plan?.resources.filter(({ verdict }) => verdict === 'failed')).toEqual([])
  // Without stat the time cannot be put back: it is that of the measurement, and never one in the future or of another day.
  const after = Number(await host.sh(modified))
  expect(after).toBeGreaterThanOrEqual(Number(before))
  expect(Math.abs(after - Date.now() / 1000)).toBeLessThan(3600)
  expect(evidence(bare, 'hostname')).toMatch(/no getent to ask/)
  expect(evidence(bare, 'disk-space:/var/lib')).toMatch(/^unknown: /)
  expect(evidence(bare, 'os')).toMatch(/no os-release/)
  expect(evidence(bare, 'tools')).toBe('no stat')
  expect(evidence(bare, 'dns')).toMatch(/no nameserver/)
})

function unmet(run: Awaited<ReturnType<TestHost['plan']>>): readonly string[] {
  const lines = run.plan?.resources.filter(({ verdict }) => verdict === 'unmet') ?? []
  return lines.map(({ finding }) => `${finding?.id}: ${finding?.evidence}`)
}

function evidence(run: Awaited<ReturnType<TestHost['plan']>>, id: string): string {
  return run.plan?.resources.find(({ finding }) => finding?.id === id)?.finding?.evidence ?? 'no such finding'
}

/**
 * Names, modes, owners, inodes, times of change of content, targets, and the sizes of files. The folder in which fsync is
 * measured gets its modification time back to the nanosecond; the kernel alone sets the time of its last inode change, and
 * this host's overlay moves the folder, with a size of its own, when a file is made in it.
 */
function traceWithoutChangeTimes(host: TestHost): Promise<string> {
  return host.sh(`{ find / /run /tmp /dev/shm -xdev ! -path '/run/provision*' ! -type d -printf '%p %y %m %U %G %s %i %T@ %l\\n'
find / /run /tmp /dev/shm -xdev ! -path '/run/provision*' -type d -printf '%p %y %m %U %G %i %T@\\n'; } 2>/dev/null | LC_ALL=C sort`)
}
