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

  it('shares the network with a user-mode machine, whatever its MTU, and can be far away', async () => {
    const far = { mtu: 9000, wan: { delayMs: 50 }, links: { two: { delayMs: 150, mtu: 8000 } } }
    const [one, two] = await lab.open().up([{ ...SPEC, network: far }, small('two', 'uml', { network: { mtu: 9000 } })])
    const ping = (bytes: number) => `ping -q -c 3 -W 5 -M do -s ${bytes - 28}`
    const shortest = /min\/avg\/max\/mdev = ([\d.]+)\//
    const near = await lab.ask('two', `${ping(8000)} ${one?.address}`)
    expect(Number(shortest.exec(near)?.[1])).toBeGreaterThan(149)
    expect(Number(shortest.exec(await lab.ask('one', `${ping(1500)} 10.77.0.1`))?.[1])).toBeLessThan(149)
    expect((await lab.on('one', `${ping(8001)} ${two?.address}`)).code).toBe(1)
    expect((await lab.on('one', `${ping(9001)} ${two?.address}`)).stdout).not.toContain(' 3 received')
    await lab.open().up([SPEC, small('two', 'uml')])
    expect(await lab.ask('one', 'tc qdisc show; cat /sys/class/net/en*/mtu')).toMatch(/^(?!.*netem).*\n1500$/s)
  })

  it('leaves no process and no namespace', async () => {
    await lab.open().down()
    expect(await processesWith(lab.stateDir)).toEqual([])
    expect(await outputOf('ip', 'netns', 'list')).not.toContain('provision-qemu-test-')
  })
})
