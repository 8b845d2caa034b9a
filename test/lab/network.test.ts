import { describe, expect, it } from 'vitest'
import type { Machine, MachineSpec } from '../../src/lab/machine.ts'
import { memoryShort } from '../../src/lab/memory.ts'
import { checkSpec } from '../../src/lab/names.ts'
import { bridgeRules } from '../../src/lab/network/bridge-rules.ts'
import { mtuLine } from '../../src/lab/network/lan.ts'
import { installScript, shapingLines } from '../../src/lab/network/shaper.ts'
import type { MachineNetwork } from '../../src/lab/network/wire.ts'
import { kernelArguments } from '../../src/lab/uml/uml-driver.ts'

const spec = (name: string, network?: MachineNetwork): MachineSpec => ({
  name,
  driver: 'uml',
  memoryMiB: 512,
  diskGiB: 6,
  cpus: 1,
  ...(network ? { network } : {}),
})
const machine = (name: string, index: number, network?: MachineNetwork): Machine =>
  ({ name, index, driver: 'uml', folder: `/lab/machines/${name}`, spec: spec(name, network) }) as Machine
const PEERS = [
  { name: 'a', hardwareAddress: '02:00:00:00:00:0a' },
  { name: 'b', hardwareAddress: '02:fa:73:0a:41:b8' },
]

describe('what leaves a machine', () => {
  it('is left alone where nothing is asked', () => {
    expect(shapingLines('a', { mtu: 9000 }, PEERS)).toEqual([])
    expect(shapingLines('a', { mtu: 1500, wan: { delayMs: 0 }, links: { a: { delayMs: 5 } } }, PEERS)).toEqual([])
  })
  it('goes through one netem where all ways are alike', () => {
    const wan = { delayMs: 20, jitterMs: 0.3, lossPercent: 0.5, rateKbit: 10_000 }
    expect(shapingLines('a', { mtu: 1500, wan }, PEERS)).toEqual([
      'tc qdisc add dev "$card" root netem limit 20000 delay 20000us 300us loss 0.5% rate 10000kbit',
    ])
  })
  it('is sorted by the Ethernet address it goes to where they differ; a link takes from wan what it does not say', () => {
    const lines = shapingLines('a', { mtu: 1500, wan: { delayMs: 20 }, links: { b: { lossPercent: 1 } } }, PEERS)
    expect(lines).toContain('tc qdisc add dev "$card" parent 1:1 netem limit 20000 delay 20000us 0us')
    expect(lines).toContain('tc qdisc add dev "$card" parent 1:10 netem limit 20000 delay 20000us 0us loss 1%')
    // 0x02fa730a, then 0x41b8.
    expect(lines.at(-1)).toBe(
      `tc filter add dev "$card" parent 1: bpf bytecode '6,32 0 0 0,21 0 3 49967882,40 0 0 4,21 0 1 16824,6 0 0 4294967295,6 0 0 0' classid 1:10`,
    )
  })
  it('is not sorted where a link differs only in what the bridge does', () => {
    const links = { b: { mtu: 1400, blocked: ['tcp/22'] } }
    expect(shapingLines('a', { mtu: 1500, wan: { delayMs: 5 }, links }, PEERS)).toEqual([
      'tc qdisc add dev "$card" root netem limit 20000 delay 5000us 0us',
    ])
  })
  it('leaves packet by packet where something on the way counts their bytes', () => {
    expect(shapingLines('a', { mtu: 1500, links: { b: { mtu: 1400 } } }, PEERS)).toEqual([':'])
    expect(installScript(machine('a', 1), { mtu: 1500, wan: { mtu: 1400 } }, PEERS)).toContain('gso_max_segs 1\n')
  })
  it('is free again when nothing is asked any more', () => {
    const script = installScript(machine('a', 1), { mtu: 1500 }, PEERS)
    expect(script).toContain('rm -f /usr/local/lib/lab-network')
    expect(script).not.toContain('netem')
  })
})

describe('what a bridge lets through', () => {
  const b = machine('b', 2)
  it('is everything where nothing is asked', () => {
    expect(bridgeRules([machine('a', 1, { mtu: 9000, wan: { delayMs: 20 } }), b])).toEqual([])
  })
  it('is no port that is blocked, one way', () => {
    const a = machine('a', 1, { mtu: 1500, links: { b: { blocked: ['tcp/6443', 'udp/8472'] } } })
    expect(bridgeRules([a, b])).toEqual([
      'iifname "tap1" oifname "tap2" tcp dport 6443 drop',
      'iifname "tap1" oifname "tap2" udp dport 8472 drop',
    ])
  })
  it('is nothing too big: both ways behind a WAN, one way on a link', () => {
    const a = machine('a', 1, { mtu: 1500, wan: { mtu: 1400 }, links: { b: { mtu: 1300 } } })
    expect(bridgeRules([a, b])).toEqual([
      'iifname "tap1" meta length > 1400 drop',
      'oifname "tap1" meta length > 1400 drop',
      'iifname "tap1" oifname "tap2" meta length > 1300 drop',
    ])
  })
  it('says nothing of machines that are not there yet', () => {
    expect(bridgeRules([machine('a', 1, { mtu: 1500, links: { c: { blocked: ['tcp/22'] } } }), b])).toEqual([])
  })
})

describe('an MTU', () => {
  it('beyond that of Ethernet is given to a user-mode kernel when it boots, and not by networkd', () => {
    expect(kernelArguments(machine('a', 1, { mtu: 9000 }), 'tap1').join(' ')).toMatch(/vec0:\S+,mtu=9000 /)
    expect(kernelArguments(machine('a', 1, { mtu: 1400 }), 'tap1').join(' ')).not.toContain('mtu=')
    expect([mtuLine('uml', 9000), mtuLine('uml', 1400), mtuLine('qemu', 9000)]).toEqual([
      '#MTUBytes=9000',
      'MTUBytes=1400',
      'MTUBytes=9000',
    ])
  })
})

describe('a machine that exists', () => {
  it('may get another network, and nothing else', () => {
    const existing = [machine('a', 1)]
    expect(() => checkSpec(spec('a', { mtu: 9000 }), existing)).not.toThrow()
    expect(() => checkSpec({ ...spec('a'), diskGiB: 9 }, existing)).toThrow(/another shape/)
  })
  it('gets none of ours as a container', () => {
    expect(() => checkSpec({ ...spec('c', { mtu: 1400 }), driver: 'container' }, [])).toThrow(
      /network of its own making/,
    )
  })
})

describe('memory', () => {
  const wanted = [{ memoryMiB: 4000 }, { memoryMiB: 4000 }, { memoryMiB: 4000 }]
  const rooms = [
    { name: 'this computer', freeMiB: 14_000 },
    { name: '/dev/shm', freeMiB: 13_000 },
  ]
  it('is asked for together, beside what running machines may still touch', () => {
    expect(memoryShort({ wanted, promisedMiB: 1000, rooms })).toBeUndefined()
    expect(memoryShort({ wanted, promisedMiB: 1001, rooms })?.message).toContain(
      '3 machines together ask for 12000 MiB of memory, /dev/shm has room for 11999 MiB',
    )
  })
})
