import { describe, expect, it } from 'vitest'
import { hardwareAddress } from '../../src/lab/identity.ts'
import type { Machine } from '../../src/lab/machine.ts'
import { tapOf } from '../../src/lab/network/addresses.ts'
import { mtuLine, networkFiles } from '../../src/lab/network/lan.ts'
import { machineArguments } from '../../src/lab/qemu/qemu-driver.ts'
import { sshArgv } from '../../src/lab/ssh.ts'
import { kernelArguments } from '../../src/lab/uml/uml-driver.ts'

const machine: Machine = {
  name: 'node1',
  driver: 'uml',
  spec: { name: 'node1', driver: 'uml', memoryMiB: 2048, diskGiB: 10, cpus: 2, extraDisksGiB: [4, 8] },
  index: 1,
  address: '10.77.0.11',
  port: 22,
  user: 'root',
  sudoUser: 'ops',
  identityFile: '/lab/with space/identity',
  hostKey: 'SHA256:x',
  proxyCommand: ['ip', 'netns', 'exec', "o'dd", 'nc', '10.77.0.11', '22'],
  consoleLog: '/lab/node1/console.log',
  folder: '/lab/node1',
}

describe('command lines of machines', () => {
  it('give a user-mode kernel its disk, memory and tap', () => {
    const args = kernelArguments(machine, 'tap1')
    expect(args).toContain('ubd0=disk.img')
    expect(args).toContain('mem=2048M')
    expect(args).toContain(`vec0:transport=tap,ifname=tap1,gro=1,mac=${hardwareAddress(machine)}`)
  })
  it('give QEMU one NVMe disk for each size, with serials of their own', () => {
    const args = machineArguments(machine, 'tap1', 'hangs')
    const serials = args.filter((word) => word.startsWith('nvme,')).map((word) => word.split('serial=')[1])
    expect([serials.length, new Set(serials).size]).toEqual([3, 3])
    expect(args.slice(args.indexOf('-accel'), args.indexOf('-accel') + 4)).toEqual([
      '-accel',
      'tcg,thread=multi',
      '-cpu',
      'max',
    ])
  })
  it('use KVM only where it was seen to boot', () => {
    expect(machineArguments(machine, 'tap1', 'boots')).toContain('kvm')
    for (const kvm of ['absent', 'untried', 'hangs'] as const)
      expect(machineArguments(machine, 'tap1', kvm)).not.toContain('kvm')
  })
  it('let ssh check the host key under the machine name, whatever the user configured', () => {
    const argv = sshArgv(machine, '/lab/known_hosts', 'ops')
    expect(argv.slice(0, 5)).toEqual(['ssh', '-F', '/dev/null', '-i', '/lab/with space/identity'])
    expect(argv).toContain('StrictHostKeyChecking=yes')
    expect(argv).toContain('HostKeyAlias=node1')
    expect(argv).toContain("ProxyCommand=ip netns exec 'o'\\''dd' nc 10.77.0.11 22")
    expect(argv.at(-1)).toBe('ops@10.77.0.11')
  })
})

describe('addresses', () => {
  it('are those of one small network, a machine one of each', () => {
    expect([tapOf(1), tapOf(3)]).toEqual([
      { interface: 'tap1', address: '10.77.0.11' },
      { interface: 'tap3', address: '10.77.0.13' },
    ])
  })
  it('of hardware are local, unicast, and follow the folder', () => {
    const one = hardwareAddress({ folder: '/a/machines/one' })
    expect(one).toMatch(/^02(:[0-9a-f]{2}){5}$/)
    expect(hardwareAddress({ folder: '/a/machines/one' })).toBe(one)
    expect(hardwareAddress({ folder: '/b/machines/one' })).not.toBe(one)
  })
  it('are written for networkd, with a resolver that refuses at once', () => {
    const [network, resolver] = networkFiles('vec0', '10.77.0.11', mtuLine('uml', 1500))
    expect(network?.content).toContain('Name=vec0\n[Network]\nAddress=10.77.0.11/24\nGateway=10.77.0.1\n')
    expect(resolver?.content).toBe('nameserver 10.77.0.1\n')
  })
})
