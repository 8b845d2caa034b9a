import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { command } from '../../../src/lab/local/command.ts'
import type { Machine } from '../../../src/lab/machine.ts'
import { outputOf, processesWith, small, type TestLab, testLab } from '../../support/test-lab.ts'

const BOOT_ID = 'cat /proc/sys/kernel/random/boot_id'
const SPEC = small('one', 'qemu', { memoryMiB: 1024, cpus: 2, extraDisksGiB: [4] })

/** Emulated, and other work shares the processors: no time is asserted, only waited for. */
const PATIENCE_MS = 15 * 60_000

describe('a QEMU machine', { timeout: PATIENCE_MS }, () => {
  let lab: TestLab
  let machine: Machine

  beforeAll(async () => {
    lab = await testLab('qemu-test')
    machine = (await lab.open().up([SPEC]))[0] as Machine
    await lab.until('one', 'test "$(systemctl is-system-running --wait)" = running', PATIENCE_MS)
  }, PATIENCE_MS)
  afterAll(() => lab.remove())

  it('runs the kernel of Debian on two processors, with firmware', async () => {
    expect(await lab.ask('one', 'uname -r; nproc')).toMatch(/^6\.12\..*-amd64\n2$/)
    expect(await lab.ask('one', 'cat /sys/class/dmi/id/product_uuid')).toMatch(/^6c616200-/)
    expect(await lab.ask('one', 'ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub')).toContain(machine.hostKey)
  })

  it('has its root on NVMe and an empty NVMe disk beside it', async () => {
    const disks = await lab.ask('one', 'lsblk --noheadings --nodeps --bytes --output TRAN,SIZE')
    expect(
      disks
        .split('\n')
        .map((line) => line.trim().split(/\s+/))
        .sort(),
    ).toEqual([
      ['nvme', String(4 * 2 ** 30)],
      ['nvme', String(6 * 2 ** 30)],
    ])
    expect(await lab.ask('one', 'findmnt --noheadings --output SOURCE /')).toMatch(/^\/dev\/nvme\dn1$/)
  })

  it('loads the modules of a node', async () => {
    await lab.ask('one', 'modprobe -a ip_vs ip_vs_rr br_netfilter overlay vxlan sch_netem')
    expect(await lab.ask('one', 'stat -fc %T /sys/fs/cgroup; cat /sys/fs/cgroup/cgroup.controllers')).toMatch(
      /^cgroup2fs\n.*cpuset.*memory/,
    )
  })

  it('comes back from a reboot with another boot id and its disk', async () => {
    const boot = await lab.ask('one', `echo kept > /root/mark; ${BOOT_ID}`)
    await lab.on('one', 'systemctl reboot')
    await lab.until('one', `test "$(${BOOT_ID})" != ${boot} && test "$(cat /root/mark)" = kept`, PATIENCE_MS)
  })

  it('boots again after the power was cut, with what was synced', async () => {
    await lab.ask('one', 'echo synced > /root/power; sync')
    await command(['kill', '-KILL', String((await lab.open().list())[0]?.machine.process?.pid)], { deadlineMs: 5000 })
    await expect.poll(async () => (await lab.open().list())[0]?.running).toBe(false)
    await lab.open().up([SPEC])
    expect(await lab.ask('one', 'cat /root/power')).toBe('synced')
  })

  it('leaves no process and no namespace', async () => {
    await lab.open().down()
    expect(await processesWith(lab.stateDir)).toEqual([])
    expect(await outputOf('ip', 'netns', 'list')).not.toContain('provision-qemu-test-')
  })
})
