import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { command } from '../../../src/lab/local/command.ts'
import type { Machine } from '../../../src/lab/machine.ts'
import { outputOf, processesWith, small, type TestLab, testLab } from '../../support/test-lab.ts'

const BOOT_ID = 'cat /proc/sys/kernel/random/boot_id'
const MODULES =
  'ip_vs ip_vs_rr ip_vs_wrr ip_vs_sh nf_conntrack bridge br_netfilter overlay vxlan dummy wireguard'.split(' ')

/** Sockets of this machine's own network that processes of the lab listen on. */
async function listenersOf(stateDir: string): Promise<string[]> {
  const pids = (await processesWith(stateDir)).map((line) => line.trim().split(/\s+/)[0])
  const sockets = (await outputOf('ss', '-ltnupH')).split('\n')
  return sockets.filter((line) => pids.some((pid) => line.includes(`pid=${pid},`)))
}

describe('a user-mode Linux machine', () => {
  let lab: TestLab
  let machine: Machine
  let other: Machine

  beforeAll(async () => {
    lab = await testLab('uml-test')
    const specs = [small('one', 'uml'), small('two', 'uml')]
    const machines = await lab.open().up(specs)
    machine = machines[0] as Machine
    other = machines[1] as Machine
    await lab.until('one', 'test "$(systemctl is-system-running --wait)" = running', 120_000)
  })
  afterAll(() => lab.remove())

  it('boots to a system without a failed unit, with the name and ids it was given', async () => {
    expect(await lab.ask('one', 'systemctl --failed --no-legend --plain; hostname; uname -m')).toBe('one\nx86_64')
    const ids = await Promise.all(['one', 'two'].map((name) => lab.ask(name, 'cat /etc/machine-id')))
    expect(ids[0]).toMatch(/^[0-9a-f]{32}$/)
    expect(ids[0]).not.toBe(ids[1])
  })

  it('lets in root and ops, who may become root, and shows the host key we made', async () => {
    expect(await lab.ask('one', 'id -u')).toBe('0')
    expect((await lab.on('one', 'id -un; sudo -n id -u', 'ops')).stdout).toBe('ops\n0\n')
    const key = await lab.ask('one', 'ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub')
    expect(key.split(' ')[1]).toBe(machine.hostKey)
  })

  it('is refused by ssh when its host key is another one', async () => {
    const path = join(lab.stateDir, 'uml-test', 'known_hosts')
    const good = await readFile(path, 'utf8')
    const [one = '', two = ''] = good.trim().split('\n')
    await writeFile(path, `one ${two.split(' ').slice(1).join(' ')}\n`)
    const { code, stderr } = await lab.on('one', 'true')
    await writeFile(path, good)
    expect([code, stderr.includes('HOST IDENTIFICATION HAS CHANGED'), one !== two]).toEqual([255, true, true])
  })

  it('loads and unloads the modules a node needs', async () => {
    expect(await lab.ask('one', "awk '{print $1}' /proc/modules")).not.toMatch(/ip_vs|overlay|br_netfilter/)
    await lab.ask('one', `modprobe -a ${MODULES.join(' ')}`)
    const loaded = (await lab.ask('one', "awk '{print $1}' /proc/modules")).split('\n')
    expect(MODULES.filter((name) => !loaded.includes(name))).toEqual([])
    await lab.ask('one', 'modprobe -r dummy')
    expect(await lab.ask('one', "awk '{print $1}' /proc/modules")).not.toMatch(/^dummy$/m)
  })

  it('balances a connection with IPVS', async () => {
    const script = `set -e
modprobe ip_vs_rr
ip address add 10.99.0.1/32 dev lo
printf 'answered' > /run/answer
(nc -l -N 127.0.0.1 8080 < /run/answer >/dev/null &)
ipvsadm -A -t 10.99.0.1:80 -s rr
ipvsadm -a -t 10.99.0.1:80 -r 127.0.0.1:8080 -m
nc -d -w 10 10.99.0.1 80
ipvsadm -C`
    expect(await lab.ask('one', script)).toBe('answered')
  })

  it('has cgroup v2 with the controllers a kubelet needs, and a clock rate in /proc/cpuinfo', async () => {
    expect(await lab.ask('one', 'stat -fc %T /sys/fs/cgroup')).toBe('cgroup2fs')
    const controllers = (await lab.ask('one', 'cat /sys/fs/cgroup/cgroup.controllers')).split(' ')
    expect(controllers).toEqual(expect.arrayContaining(['cpu', 'io', 'memory', 'pids']))
    expect(await lab.ask('one', "grep -c '^cpu MHz' /proc/cpuinfo")).toBe('1')
  })

  it('reaches its neighbour and nothing else; nothing of it listens on this machine', async () => {
    expect(await lab.ask('one', `nc -d -w 10 ${other.address} 22 | head -c 8`)).toBe('SSH-2.0-')
    expect((await lab.on('one', 'nc -z -w 3 192.0.2.1 80')).code).toBe(1)
    expect((await lab.on('one', 'getent hosts example.com')).code).toBe(2)
    // Whoever has that address outside, it is not the machine: our own network knows no way to the lab.
    const outside = await command(['nc', '-d', '-w', '3', machine.address, '22'], { deadlineMs: 10_000 })
    expect(outside.stdout).not.toContain('SSH-')
    expect(await listenersOf(lab.stateDir)).toEqual([])
  })

  it('comes back from a reboot, twice, with another boot id and its disk', async () => {
    for (const round of ['first', 'second']) {
      const boot = await lab.ask('one', `echo ${round} > /root/mark; ${BOOT_ID}`)
      await lab.on('one', 'systemctl reboot')
      await lab.until('one', `test "$(${BOOT_ID})" != ${boot} && test "$(cat /root/mark)" = ${round}`, 120_000)
    }
    expect((await lab.open().list()).map(({ running }) => running)).toEqual([true, true])
  })

  it('is found again by another run and left alone', async () => {
    lab.events.length = 0
    const [again] = await lab.open().up([small('one', 'uml')])
    expect(again).toEqual(machine)
    expect(lab.events.find(({ id }) => id === 'lab/one/boot')?.state).toBe('cached')
  })

  it('refuses to be given another shape', async () => {
    await expect(lab.open().up([small('one', 'uml', { diskGiB: 9 })])).rejects.toThrow(/exists with another shape/)
  })

  it('goes back to a snapshot', async () => {
    await lab.ask('one', 'echo kept > /root/state')
    await lab.open().snapshot('clean')
    await lab.ask('one', 'echo lost > /root/state; touch /root/extra; sync')
    await lab.open().restore('clean')
    expect(await lab.ask('one', 'cat /root/state; test ! -e /root/extra')).toBe('kept')
    await expect(lab.open().restore('other')).rejects.toThrow(/no snapshot other/)
  })

  it('boots again after the power was cut', async () => {
    await lab.ask('one', 'echo synced > /root/power; sync')
    const [listed] = await lab.open().list()
    await command(['kill', '-KILL', String(listed?.machine.process?.pid)], { deadlineMs: 5000 })
    await expect.poll(async () => (await lab.open().list())[0]?.running).toBe(false)
    await lab.open().up([small('one', 'uml')])
    expect(await lab.ask('one', 'cat /root/power')).toBe('synced')
  })

  it('leaves no process, namespace or file, even of a machine whose record was lost', async () => {
    await rm(join(machine.folder, 'machine.json'))
    expect(await processesWith(machine.folder)).not.toEqual([])
    await lab.open().down()
    expect(await processesWith(lab.stateDir)).toEqual([])
    expect(await outputOf('ip', 'netns', 'list')).not.toContain('provision-uml-test-')
    expect(await outputOf('find', lab.stateDir, '-mindepth', '1')).toBe(`${lab.stateDir}/uml-test.lock\n`)
  })
})
