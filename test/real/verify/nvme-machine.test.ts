import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkHardware } from '../../../playbooks/verify-hardware.ts'
import type { HostRun } from '../../../src/core/host-run.ts'
import { LabMachine } from '../../support/lab-machine.ts'
import { nodeOf, ONE_NODE } from '../../support/node.ts'

/**
 * The same rules, strictly, on a machine with firmware, NVMe disks, two processors and a stock kernel. Emulated where KVM
 * does not work: then it is neither KVM nor fast, and says so.
 */
let machine: LabMachine
const TEXT = ONE_NODE.replace('network:', 'artifacts: {source: lab}\nnetwork:')
const node = (dataDir: string) =>
  nodeOf(TEXT.replace('"1.36.3"', `"1.36.3", etcd: {dataDir: ${dataDir}}`), { operatorClock: () => Date.now() })

beforeAll(async () => {
  machine = await LabMachine.start('verify-nvme', { driver: 'qemu', cpus: 2, memoryMiB: 2048, extraDisksGiB: [4] })
})
afterAll(async () => {
  await machine?.[Symbol.asyncDispose]()
})

const named = (run: HostRun, verdict: string) =>
  run.plan?.resources.filter((one) => one.verdict === verdict).map(({ finding, key }) => finding?.id ?? key) ?? []

function evidence(run: HostRun, id: string): string {
  return run.plan?.resources.find(({ finding }) => finding?.id === id)?.finding?.evidence ?? 'no such finding'
}

test('meets every requirement but those of speed and of being emulated', async () => {
  const run = await machine.plan(checkHardware.resources(node('/var/lib/etcd')))
  const excused = ['virtualisation', 'etcd-fsync', 'clock', 'cpu-steal']
  expect(named(run, 'unmet').filter((id) => !excused.includes(id))).toEqual([])
  expect(named(run, 'failed')).toEqual([])
  expect(evidence(run, 'virtualisation')).toMatch(/^(qemu|kvm) /)
  expect(evidence(run, 'nvme-etcd')).toMatch(/^NVMe: \/ \(ext4, .*\) on nvme\d+n1 QEMU NVMe Ctrl$/)
  expect(evidence(run, 'cpu-count')).toBe('2 online')
  expect(evidence(run, 'cgroup')).toMatch(/cpuset cpu io memory/)
  expect(evidence(run, 'etcd-fsync')).toMatch(
    /^p99 [0-9.]+ ms, median [0-9.]+, slowest [0-9.]+ of \d+ writes in \/var\/lib$|^unknown: only \d+ writes/,
  )
})

test('etcd on a disk of its own: the second NVMe disk, a partition, mounted', async () => {
  await machine.sh(`set -e
root=$(findmnt -n -o SOURCE /)
for disk in /dev/nvme?n1; do case $root in "$disk"*) ;; *) spare=$disk ;; esac; done
# A partition table with one entry: type 83, 2 GiB from sector 2048.
printf '\\0\\0\\0\\0\\203\\0\\0\\0\\0\\010\\0\\0\\0\\0\\100\\0' | dd of="$spare" bs=1 seek=446 conv=notrunc 2>/dev/null
printf '\\125\\252' | dd of="$spare" bs=1 seek=510 conv=notrunc 2>/dev/null
blockdev --rereadpt "$spare"
udevadm settle
mkfs.ext4 -q "\${spare}p1"
mkdir -p /var/lib/etcd
mount "\${spare}p1" /var/lib/etcd`)
  const run = await machine.plan(checkHardware.resources(node('/var/lib/etcd/data')))
  expect(evidence(run, 'nvme-etcd')).toMatch(/^NVMe: \/var\/lib\/etcd \(ext4, \/dev\/nvme\d+n1p1\) on nvme\d+n1 /)
  expect(evidence(run, 'etcd-fsync')).toMatch(/writes in \/var\/lib\/etcd$|^unknown: only \d+ writes/)
})
