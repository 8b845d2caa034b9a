import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkHardware, verifyHardware } from '../../../playbooks/verify-hardware.ts'
import { probe } from '../../../src/core/fact.ts'
import type { HostRun } from '../../../src/core/host-run.ts'
import { requirement } from '../../../src/core/requirement.ts'
import { blockDevice } from '../../../src/facts/block-device.ts'
import { LabMachine } from '../../support/lab-machine.ts'
import { nodeOf } from '../../support/node.ts'

/** The machine and the inventory of the README's first command. */
let machine: LabMachine
const LAB = readFileSync(join(import.meta.dirname, '../../../inventory/lab.yaml'), 'utf8')
const labNode = (edit = (text: string) => text) => nodeOf(edit(LAB), { operatorClock: () => Date.now() })

beforeAll(async () => {
  machine = await LabMachine.start('verify-test', { memoryMiB: 2048 })
})
afterAll(async () => {
  await machine?.[Symbol.asyncDispose]()
})

const named = (run: HostRun, verdict: string) =>
  run.plan?.resources.filter((one) => one.verdict === verdict).map(({ finding, key }) => finding?.id ?? key)

function evidence(run: HostRun, id: string): string {
  return run.plan?.resources.find(({ finding }) => finding?.id === id)?.finding?.evidence ?? 'no such finding'
}

test('a fresh lab machine meets what its inventory does not accept', async () => {
  const run = await machine.plan(checkHardware.resources(labNode()))
  expect(named(run, 'unmet'), JSON.stringify(run.plan, null, 1)).toEqual([])
  expect(named(run, 'failed')).toEqual([])
  expect(named(run, 'accepted')).toEqual(
    expect.arrayContaining(['virtualisation', 'kvm-device', 'cpu-count', 'nvme-etcd']),
  )
  expect(evidence(run, 'virtualisation')).toMatch(/^uml /)
  expect(evidence(run, 'kernel-config')).toMatch(/CONFIG_CPUSETS is not set/)
  expect(evidence(run, 'kernel-modules')).toMatch(/^all \d+ there$/)
  expect(evidence(run, 'cpu-steal')).toMatch(/during (2\.9|[3-9]\.\d|\d\d\.\d) s of this look/)
  expect(evidence(run, 'clock')).toMatch(/^differs by \d{1,3} ms at most/)
})

test('without its list of accepted ones it is refused, everything at once, and not changed', async () => {
  const strict = labNode((text) => text.replace(/^accept:\n( {2}.*\n)+/m, ''))
  const before = await everything()
  const run = await machine.up(verifyHardware.resources(strict))
  expect(run.result).toMatchObject({ verdict: 'unmet', changed: 0, failures: [] })
  expect(named(run, 'unmet')).toEqual(expect.arrayContaining(['virtualisation', 'cpu-count', 'kernel-config']))
  expect(await everything()).toBe(before)
})

test('the figure is kept once; then a run costs a look and the lock, writes nothing and is over in a moment', async () => {
  const first = await machine.up(verifyHardware.resources(labNode()))
  expect(first.result).toMatchObject({ verdict: 'ok', changed: 1 })
  const before = await everything()
  const second = await machine.up(verifyHardware.resources(labNode()))
  expect(second.result).toMatchObject({ verdict: 'ok', changed: 0 })
  expect(second.result.counters.channels).toBe(2)
  expect(await everything()).toBe(before)
  expect(evidence(second, 'etcd-fsync')).toMatch(/of \d+ writes in \/var\/lib, measured 20\d\d-/)
  const look = second.path.find(({ what }) => what === 'look')
  process.stdout.write(`look of the second run: ${((look?.toMs ?? 0) - (look?.fromMs ?? 0)).toFixed(0)} ms\n`)
})

test('sees swap, a clock that is wrong and a port that is taken, and no longer when they are mended', async () => {
  await machine.sh(`fallocate -l 64M /swapfile && chmod 600 /swapfile && mkswap -q /swapfile && swapon /swapfile
systemctl stop systemd-timesyncd
date -s '+1 hour' >/dev/null
systemd-run --quiet --unit=taken --collect /usr/bin/nc -l 6443`)
  const bad = await machine.plan(checkHardware.resources(labNode()))
  expect(named(bad, 'unmet')).toEqual(['ports', 'clock'])
  expect(evidence(bad, 'ports')).toBe('6443/tcp (kube-apiserver) is held by nc')
  expect(evidence(bad, 'clock')).toMatch(/^ahead by at least 3[56]\d{5} ms$/)
  expect(evidence(bad, 'swap')).toBe('64 MiB on')
  expect(named(bad, 'advised')).toContain('swap')
  await machine.sh(
    `swapoff /swapfile; rm /swapfile; date -s '-1 hour' >/dev/null; systemctl stop taken; systemctl start systemd-timesyncd`,
  )
  const good = await machine.plan(checkHardware.resources(labNode()))
  expect(named(good, 'unmet')).toEqual([])
  expect(evidence(good, 'swap')).toBe('off')
})

test('finds the disk below a loop file, on a real kernel', async () => {
  await machine.sh(`truncate -s 64M /srv/etcd.img && mkfs.ext4 -q /srv/etcd.img
mkdir -p /mnt/etcd && mount -o loop /srv/etcd.img /mnt/etcd`)
  const ask = probe(blockDevice, '/mnt/etcd/member')
  const seen: string[] = []
  await machine.plan([
    requirement({
      id: 'nvme-etcd',
      title: 'disk',
      probes: [ask],
      judge: (answers) => {
        seen.push(JSON.stringify(answers.get(ask)))
        return { id: 'nvme-etcd', met: true, evidence: '', threshold: '', severity: 'advised' }
      },
    }),
  ])
  await machine.sh('umount /mnt/etcd; rm /srv/etcd.img; rmdir /mnt/etcd')
  expect(JSON.parse(seen[0] ?? '{}')).toMatchObject({
    folder: '/mnt/etcd',
    mountPoint: '/mnt/etcd',
    fsType: 'ext4',
    layers: [expect.stringMatching(/^loop\d+ \(file \/srv\/etcd\.img\)$/)],
    disks: [{ name: 'ubda', transport: 'virtual' }],
  })
})

/** Names, modes, owners, sizes, inodes and times of content of the whole disk, but for logs and what the clock keeps. */
function everything(): Promise<string> {
  return machine.sh(`find / /tmp /dev/shm -xdev ! -path /run ! -path '/var/log/*' ! -path '/var/lib/systemd/*' -printf '%p %y %m %U %G %s %i %T@ %l\\n' | LC_ALL=C sort
cat /proc/swaps; cut -d' ' -f1 /proc/modules | LC_ALL=C sort`)
}
