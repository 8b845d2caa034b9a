import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { whose } from '../../src/cli/drift.ts'
import { inventoryDigest, lastUp } from '../../src/cli/last-up.ts'
import { VERSION } from '../../src/cli/version.ts'
import type { World } from '../../src/cli/world.ts'
import { loadInventory } from '../../src/inventory/load.ts'
import { FakeOffice } from '../support/fake-run.ts'
import { ONE_NODE } from '../support/node.ts'

const TERMINAL = { columns: 80, rows: 24 }
let office: FakeOffice
beforeEach(() => {
  office = new FakeOffice()
})
afterEach(() => office.remove())

const touched = () => office.hosts.sessions.some(({ jobs, locked }) => jobs.length > 0 || locked)

describe('drift', () => {
  it('says 10 and shows what differs, without touching anything', async () => {
    office.hosts.text.set('b', 'new')
    const { code, out } = await office.run(['drift', office.inventory('a', 'b')])
    expect(code).toBe(10)
    expect(out).toMatch(/-old\n\s+\+new/)
    expect(out).toContain('drift on 1 of 2 hosts: no `up` of the whole cluster is on record here')
    expect(touched()).toBe(false)
  })
  it('is quiet where there is none', async () => {
    office.hosts.text.set('a', 'new')
    const { code, out } = await office.run(['drift', office.inventory('a')])
    expect(code).toBe(0)
    expect(out).toContain('no drift: 1 host as the inventory says')
  })
  it('knows from the last up whether it was the hosts that changed', async () => {
    const inventory = office.inventory('a', 'b')
    expect((await office.run(['up', inventory, '--yes'])).code).toBe(0)
    office.hosts.text.set('b', 'by hand')
    const { code, out } = await office.run(['drift', inventory])
    expect(code).toBe(10)
    expect(out).toMatch(/the inventory is that of the last up \(.* UTC\), so the hosts changed/)
    expect((await office.run(['drift', inventory, '--set', 'kernel.openFiles=4096'])).out).toContain(
      'the inventory changed since the last up',
    )
  })
  it('does not take part of a run for all of it', async () => {
    const inventory = office.inventory('a', 'b')
    await office.run(['up', inventory, '--yes', '--limit', 'b'])
    expect(await lastUp({ env: {}, home: office.folder } as World, 'x')).toBeUndefined()
  })
  it('says 5 for a host that cannot be reached, and 4 for an unmet requirement', async () => {
    office.hosts.text.set('a', 'new').set('b', 'new')
    office.hosts.gone.add('b')
    expect((await office.run(['drift', office.inventory('a', 'b')])).code).toBe(5)
    office.hosts.gone.clear()
    office.hosts.unmet.add('b')
    expect((await office.run(['drift', office.inventory('a', 'b')])).code).toBe(4)
  })
  it('tells an older provision from an older inventory', () => {
    const inventory = loadInventory(ONE_NODE, { file: 'x.yaml', openSecret: async () => '' })
    const last = { inventory: inventoryDigest(inventory), version: VERSION, at: '2026-11-23T12:00:00Z' }
    expect(whose({ inventory }, last)).toContain('so the hosts changed')
    expect(whose({ inventory }, { ...last, version: '0.0.1' })).toContain('was by provision 0.0.1')
    expect(whose({ inventory: { ...inventory, file: 'other-name.yaml' } }, last)).toContain('so the hosts changed')
  })
})

describe('what cannot be undone', () => {
  it.each<[string, readonly string[], RegExp]>([
    ['without the name of the cluster', ['reset', '--yes'], /would be destroyed without a question/],
    [
      'with the name of another',
      ['reset', '--yes', '--destroy', 'y'],
      /--destroy names "y", and this inventory is that of x/,
    ],
    ['where nobody can be asked', ['reset'], /there is nobody to ask/],
    ['where nobody may be asked', ['certs', 'renew', '--no-input'], /there is nobody to ask/],
  ])('is refused %s', async (_when, [verb = '', ...words], why) => {
    const [sub, ...rest] = verb === 'certs' ? words : ['', ...words]
    const argv = [verb, ...(sub ? [sub] : []), office.inventory('a', 'b'), ...rest]
    const { code, err } = await office.run(argv)
    expect(code).toBe(2)
    expect(err).toMatch(why)
    expect(office.hosts.connected).toEqual([])
  })
  it.each<[string, readonly string[], RegExp]>([
    ['the last control plane', ['a'], /no control plane would be left without a/],
    ['a host nobody knows', ['bb'], /has no host "bb"[\s\S]*did you mean "b"/],
    ['hosts by --limit', ['b', '--limit', 'b'], /--limit b says nothing here/],
    ['through a host that is no control plane', ['b', '--via', 'c'], /c is not a control plane that stays/],
    ['in no time', ['b', '--drain-timeout', '0'], /whole number of seconds/],
  ])('is not the removal of %s', async (_what, words, why) => {
    const { code, err } = await office.run(['remove', office.inventory('a', 'b', 'c'), ...words, '--yes'])
    expect(code).toBe(2)
    expect(err).toMatch(why)
    expect(office.hosts.connected).toEqual([])
  })
  it('is not done to a node whose host cannot be reached, as long as nobody calls it dead', async () => {
    office.hosts.gone.add('b')
    const { code, out } = await office.run(['remove', office.inventory('a', 'b'), 'b', '--yes'])
    expect(code).not.toBe(0)
    expect(out).toContain('b does not answer')
    expect(office.hosts.sessions.every(({ jobs }) => jobs.length === 0)).toBe(true)
  })
})

describe('every verb of the second day', () => {
  it.each([['status'], ['drift'], ['certs'], ['certs list'], ['certs renew'], ['reset'], ['remove']])(
    '%s has a page',
    async (verb) => {
      const { code, out } = await office.run([...verb.split(' '), '--help'], { terminal: TERMINAL })
      expect(code).toBe(0)
      expect(out).toContain(`provision ${verb}`)
      const [page = ''] = out.split('Exit codes:')
      for (const line of page.split('\n')) expect(line.length, line).toBeLessThanOrEqual(100)
    },
  )
})
