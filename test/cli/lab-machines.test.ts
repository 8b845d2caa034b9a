import { describe, expect, it } from 'vitest'
import { specsOf } from '../../src/cli/lab-machines.ts'
import type { World } from '../../src/cli/world.ts'
import type { EventBody } from '../../src/core/events.ts'
import type { Host, LabMachine } from '../../src/inventory/inventory.ts'
import type { ListedMachine } from '../../src/lab/lab.ts'
import { DRIVERS } from '../../src/lab/machine.ts'

const world = { env: {}, home: '/nowhere' } as World
const machine = (name: string, lab: Partial<LabMachine>): Host =>
  ({ name, lab: { driver: 'auto', memoryMiB: 5120, diskMiB: 20_000, lan: { mtu: 1500 }, ...lab } }) as Host
const made = (name: string, driver: string): ListedMachine =>
  ({ machine: { name, driver }, running: true, cut: false }) as ListedMachine
const place = (events: EventBody[] = []) => ({ world, report: (event: EventBody) => void events.push(event) })

describe('specsOf', () => {
  it('takes the driver and the figures of the inventory; disks are whole GiB', async () => {
    expect(await specsOf([machine('a', { driver: 'qemu' })], [], place())).toEqual([
      { name: 'a', driver: 'qemu', memoryMiB: 5120, diskGiB: 20, cpus: 2, extraDisksGiB: [10] },
    ])
    expect(await specsOf([machine('a', { driver: 'qemu', cpus: 4 })], [], place())).toMatchObject([{ cpus: 4 }])
  })
  it('gives QEMU an NVMe disk more, or those asked for', async () => {
    expect(await specsOf([machine('a', { driver: 'uml' })], [], place())).not.toMatchObject([{ extraDisksGiB: [] }])
    const asked = machine('a', { driver: 'qemu', extraDisksMiB: [4096, 1000] })
    expect(await specsOf([asked], [], place())).toMatchObject([{ extraDisksGiB: [4, 1] }])
    const none = await specsOf([machine('a', { driver: 'qemu', extraDisksMiB: [] })], [], place())
    expect(none[0]).not.toHaveProperty('extraDisksGiB')
  })
  it('speaks of the network only where it is not the plain one', async () => {
    const plain = await specsOf([machine('a', { driver: 'uml' })], [], place())
    expect(plain[0]).not.toHaveProperty('network')
    const jumbo = machine('a', { driver: 'uml', lan: { mtu: 9000 }, links: { b: { blocked: ['tcp/6443'] } } })
    expect(await specsOf([jumbo], [], place())).toMatchObject([
      { network: { mtu: 9000, links: { b: { blocked: ['tcp/6443'] } } } },
    ])
  })
  it('knows that user-mode Linux has one processor', async () => {
    expect(await specsOf([machine('a', { driver: 'uml', cpus: 4 })], [], place())).toMatchObject([{ cpus: 1 }])
  })
  it('leaves a machine what it was made as', async () => {
    const events: EventBody[] = []
    const specs = await specsOf([machine('a', {})], [made('a', 'container')], place(events))
    expect(specs).toMatchObject([{ driver: 'container' }])
    expect(events).toEqual([])
  })
  it('chooses once for all that are new, and says which and why', async () => {
    const events: EventBody[] = []
    const specs = await specsOf([machine('a', {}), machine('b', {})], [], place(events))
    expect(DRIVERS).toContain(specs[0]?.driver)
    expect(specs[1]?.driver).toBe(specs[0]?.driver)
    expect(events).toEqual([{ type: 'notice', text: expect.stringMatching(/^lab machines of the kind \w+ \(.+\)$/) }])
  })
})
