import { describe, expect, it } from 'vitest'
import { fingerprint, newMachineId } from '../../src/lab/identity.ts'
import type { Machine, MachineSpec } from '../../src/lab/machine.ts'
import { checkSpec, freeIndex, namespaceOf, requireName } from '../../src/lab/names.ts'

describe('a fingerprint', () => {
  it('is the one ssh-keygen prints for the key', () => {
    const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl somebody'
    expect(fingerprint(key)).toBe('SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU')
  })
})

describe('names', () => {
  it.each(['a', 'lab-1', `a${'b'.repeat(30)}`])('accept %s', (name) => expect(requireName(name, 'lab')).toBe(name))
  it.each(['', 'A', '1a', '-a', 'a_b', 'a/b', '../x', 'a\n', `a${'b'.repeat(31)}`, 'ä'])('refuse %j', (name) => {
    expect(() => requireName(name, 'lab')).toThrow(/cannot be the name of a lab/)
  })
  it('of namespaces differ for equal labs in two folders', () => {
    expect(namespaceOf('lab', '/a/lab')).toMatch(/^provision-lab-[0-9a-f]{6}$/)
    expect(namespaceOf('lab', '/a/lab')).not.toBe(namespaceOf('lab', '/b/lab'))
  })
  it('of machines are ids of 32 hex digits, never twice', () => {
    expect(newMachineId()).toMatch(/^[0-9a-f]{32}$/)
    expect(newMachineId()).not.toBe(newMachineId())
  })
})

describe('machines', () => {
  it('have more disks only where there is NVMe', () => {
    const spec: MachineSpec = { name: 'one', driver: 'qemu', memoryMiB: 512, diskGiB: 6, cpus: 1, extraDisksGiB: [4] }
    expect(() => checkSpec(spec, [])).not.toThrow()
    expect(() => checkSpec({ ...spec, driver: 'uml' }, [])).toThrow(/cannot have disks beside its first/)
    expect(() => checkSpec({ ...spec, driver: 'uml', extraDisksGiB: [] }, [])).not.toThrow()
  })
  it('get the smallest number nobody has', () => {
    expect(freeIndex([])).toBe(1)
    expect(freeIndex([{ index: 1 }, { index: 3 }])).toBe(2)
  })
  it('keep their shape while they exist', () => {
    const spec: MachineSpec = { name: 'one', driver: 'uml', memoryMiB: 512, diskGiB: 6, cpus: 1 }
    const machine = { name: 'one', folder: '/x', spec } as Machine
    expect(() => checkSpec(spec, [machine])).not.toThrow()
    expect(() => checkSpec({ ...spec, memoryMiB: 1024 }, [machine])).toThrow(/another shape/)
    expect(() => checkSpec({ ...spec, memoryMiB: 1024 }, [])).not.toThrow()
  })
})
