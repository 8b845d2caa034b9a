import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { command } from '../../../src/lab/local/command.ts'
import type { MachineSpec } from '../../../src/lab/machine.ts'
import type { MachineNetwork } from '../../../src/lab/network/wire.ts'
import { small, type TestLab, testLab } from '../../support/test-lab.ts'

const NAMES = ['one', 'two', 'three'] as const
type Name = (typeof NAMES)[number]

/** Data bytes of a ping whose packet is that long. */
const pingData = (bytes: number) => bytes - 28

describe('three machines on one network', () => {
  let lab: TestLab
  const addresses = new Map<Name, string>()

  const specs = (networks: Partial<Record<Name, MachineNetwork>>): MachineSpec[] =>
    NAMES.map((name) => small(name, 'uml', networks[name] === undefined ? {} : { network: networks[name] }))
  const up = (networks: Partial<Record<Name, MachineNetwork>> = {}) => lab.open().up(specs(networks))
  const all = (mtu: number) => ({ one: { mtu }, two: { mtu }, three: { mtu } })

  /** Exit code of a command in a machine. */
  const codeOf = async (name: Name, script: string) => (await lab.on(name, script)).code
  /** Whether a packet of that many bytes, not to be fragmented, comes back. */
  const passes = async (from: Name, to: Name, bytes: number) =>
    (await codeOf(from, `ping -q -c 2 -i 0.2 -W 1 -M do -s ${pingData(bytes)} ${addresses.get(to)}`)) === 0
  /** Shortest round trip of ten in ms, and percent that got lost. */
  const pinged = async (from: Name, to: Name, count = 10) => {
    const { stdout } = await lab.on(from, `ping -q -c ${count} -i 0.1 -W 1 ${addresses.get(to)}`)
    const lossPercent = Number(/([\d.]+)% packet loss/.exec(stdout)?.[1])
    return { ms: Number(/min\/avg\/max\/mdev = ([\d.]+)\//.exec(stdout)?.[1]), lossPercent }
  }
  const reaches = async (from: Name, to: Name, port: number) =>
    (await codeOf(from, `nc -z -w 2 ${addresses.get(to)} ${port}`)) === 0
  const mtuOf = (name: Name) => lab.ask(name, 'cat /sys/class/net/vec0/mtu')

  beforeAll(async () => {
    lab = await testLab('network-test')
    for (const machine of await up()) addresses.set(machine.name as Name, machine.address)
  })
  afterAll(() => lab.remove())

  it('boot side by side and reach each other, by address only', async () => {
    const boots = lab.events.filter(({ id, state }) => id.endsWith('/boot') && state !== 'progress')
    expect(boots.slice(0, 3).map(({ state }) => state)).toEqual(['start', 'start', 'start'])
    for (const from of NAMES)
      for (const to of NAMES) expect(await passes(from, to, 1500), `${from} -> ${to}`).toBe(true)
    expect(await codeOf('one', 'getent hosts two')).toBe(2)
  })

  it('are reached by a program that is no machine, in their network', async () => {
    const argv = lab.open().inside(['nc', '-d', '-w', '3', addresses.get('two') ?? '', '22'])
    expect((await command(argv, { deadlineMs: 10_000 })).stdout).toContain('SSH-2.0-')
  })

  it('have the delay, loss and blocked ports asked for, one way each, kept over a reboot', async () => {
    await up({
      one: { mtu: 1500, wan: { delayMs: 40 } },
      two: { mtu: 1500, links: { three: { lossPercent: 100, blocked: ['tcp/22'] }, one: { delayMs: 100 } } },
    })
    expect((await pinged('one', 'three')).ms).toBeGreaterThan(39)
    expect((await pinged('one', 'three')).ms).toBeLessThan(95)
    expect((await pinged('one', 'two')).ms).toBeGreaterThan(139) // 40 there, 100 back
    expect((await pinged('two', 'three', 3)).lossPercent).toBe(100)
    const boot = await lab.ask('one', 'cat /proc/sys/kernel/random/boot_id')
    await lab.on('one', 'systemctl reboot')
    await lab.until('one', `test "$(cat /proc/sys/kernel/random/boot_id)" != ${boot}`, 120_000)
    await lab.until('one', 'tc qdisc show dev vec0 | grep -q netem', 60_000)
    expect((await pinged('one', 'three')).ms).toBeGreaterThan(39)
  })

  it('are changed while they run: a blocked port, a path that drops what is too big without a word', async () => {
    lab.events.length = 0
    await up({ two: { mtu: 1500, links: { three: { blocked: ['tcp/22'], mtu: 1400 } } } })
    expect(lab.events.filter(({ id, state }) => id.endsWith('/boot') && state !== 'cached')).toEqual([])
    expect((await pinged('one', 'two')).ms).toBeLessThan(39)
    expect([await reaches('two', 'three', 22), await reaches('three', 'two', 22)]).toEqual([false, true])
    expect([await passes('two', 'three', 1400), await passes('two', 'three', 1401)]).toEqual([true, false])
    expect(await passes('two', 'one', 1500)).toBe(true)
    const { stdout } = await lab.on('two', `ping -c 1 -W 1 -M do -s ${pingData(1401)} ${addresses.get('three')}`)
    expect(stdout).not.toMatch(/too long|Frag needed/)
  })

  it('hold back what is more than the rate', async () => {
    await up({ two: { mtu: 1500, wan: { rateKbit: 8000 } } })
    const script = `head -c 1000000 /dev/zero | nc -N -w 20 ${addresses.get('one')} 5000`
    const [, sent] = await Promise.all([
      lab.ask('one', 'timeout 40 nc -l -N 5000 </dev/null >/dev/null; :'),
      lab.until('two', `s=$(date +%s%3N); ${script} || exit; echo $(($(date +%s%3N) - s))`, 20_000),
    ])
    expect(Number(sent)).toBeGreaterThan(600) // 1 MB is 8 Mbit, some of it in buffers when the sender ends; else it is 20 ms
  })

  it.each([1400, 9000])('have an MTU of %i on their cards and on the way', async (mtu) => {
    await up(all(mtu))
    for (const name of NAMES) expect(await mtuOf(name)).toBe(String(mtu))
    expect([await passes('one', 'two', mtu), await passes('one', 'two', mtu + 1)]).toEqual([true, false])
    lab.events.length = 0
    await up(all(mtu))
    expect(lab.events.every(({ state }) => state === 'cached')).toBe(true)
  })

  it('are what they were when nothing is asked any more', async () => {
    await up()
    for (const name of NAMES) expect(await mtuOf(name)).toBe('1500')
    expect(await passes('one', 'two', 1500)).toBe(true)
    expect(await lab.ask('two', 'tc qdisc show dev vec0; ls /usr/local/lib')).not.toMatch(/netem|lab-network/)
  })

  it('are cut off and mended; nobody waits for one whose cable is pulled', async () => {
    const open = lab.open()
    await open.cut('two')
    expect((await lab.open().list()).map(({ cut }) => cut)).toEqual([false, true, false])
    expect((await pinged('one', 'two', 3)).lossPercent).toBe(100)
    expect((await pinged('one', 'three', 3)).lossPercent).toBe(0)
    await up() // returns at once, and does not plug it in
    expect((await pinged('one', 'two', 3)).lossPercent).toBe(100)
    await open.mend('two')
    expect(await passes('one', 'two', 1500)).toBe(true)
    expect(await lab.ask('two', 'cat /proc/sys/kernel/random/boot_id')).toMatch(/-/)
  })

  it('lose their power and come back, one of them, cut or not', async () => {
    const open = lab.open()
    const boot = await lab.ask('three', 'cat /proc/sys/kernel/random/boot_id')
    await open.off('three')
    expect((await open.list()).map(({ running }) => running)).toEqual([true, true, false])
    await open.cut('three')
    await open.on('three')
    expect((await open.list()).map(({ running, cut }) => [running, cut])).toContainEqual([true, true])
    await open.mend('three')
    await lab.until('three', `test "$(cat /proc/sys/kernel/random/boot_id)" != ${boot}`, 120_000)
  })
})
