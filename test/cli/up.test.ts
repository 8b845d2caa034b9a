import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FakeOffice } from '../support/fake-run.ts'

const TERMINAL = { columns: 80, rows: 24 }
let office: FakeOffice
beforeEach(() => {
  office = new FakeOffice()
})
afterEach(() => office.remove())

const changed = () => office.hosts.sessions.flatMap(({ jobs }) => jobs).length

describe('up --dry-run', () => {
  it('prints the plan with its diff, and changes nothing', async () => {
    const { code, out } = await office.run(['up', office.inventory('a', 'b'), '--dry-run'])
    expect(code).toBe(0)
    expect(out).toContain('a, b (the same on 2 hosts): 2 to change'.replace('2 to', '1 to'))
    expect(out).toMatch(/-old\n\s+\+new/)
    expect(out).toContain('this was a dry run: nothing was changed')
    expect(changed()).toBe(0)
    expect(office.hosts.sessions.every(({ locked, closed }) => !locked && closed)).toBe(true)
  })
  it('tells changes from none on request', async () => {
    const inventory = office.inventory('a')
    const look = ['up', inventory, '--dry-run', '--detailed-exitcode']
    expect((await office.run(look)).code).toBe(10)
    office.hosts.text.set('a', 'new')
    const { code, out } = await office.run(look)
    expect(code).toBe(0)
    expect(out).toContain('nothing to change')
  })
  it('says 4 for a host that misses a requirement, and shows what is missing', async () => {
    office.hosts.unmet.add('b')
    const { code, out } = await office.run(['up', office.inventory('a', 'b'), '--dry-run'])
    expect(code).toBe(4)
    expect(out).toMatch(/✗ unmet memory.*\n\s+seen: 1 GiB; wanted: 2 GiB\n\s+fix: add some/)
  })
})

describe('up --dry-run of a lab machine that does not exist', () => {
  it('says what it would be, lists what would be looked at then, and connects to nothing', async () => {
    office.hosts.unmade.set('a', 'a does not exist yet: it would be a machine')
    const { code, out } = await office.run(['up', office.inventory('a'), '--dry-run', '--detailed-exitcode'])
    expect(code).toBe(10)
    expect(out).toContain('a does not exist yet: it would be a machine')
    expect(out).toContain('~ note:first (known after lab machine a)')
    expect(out).toContain('this was a dry run: nothing was changed')
    expect(office.hosts.connected).toEqual([])
  })
})

describe('up --yes', () => {
  it('changes hosts, and a second time has nothing to do', async () => {
    const inventory = office.inventory('a', 'b')
    const first = await office.run(['up', inventory, '--yes'])
    expect(first.code).toBe(0)
    expect(first.out).toContain('done: 2 changes on 2 hosts')
    const second = await office.run(['up', inventory, '--yes'])
    expect(second.code).toBe(0)
    expect(second.out).toContain('nothing to change: 2 hosts as wanted')
    expect(changed()).toBe(2)
  })
  it('says what it is about to do, in the order of the inventory', async () => {
    const { out } = await office.run(['up', office.inventory('b', 'a'), '--yes'])
    expect(out).toMatch(/b: 1 to change; 1 requirement met\n {2}Write {2}1 to change\n/)
    expect(out).toMatch(/✓ b .*\n✓ a /)
    office.hosts.text.clear()
    const verbose = await office.run(['up', office.inventory('b'), '--yes', '--verbose'])
    expect(verbose.out.indexOf('+new')).toBeLessThan(verbose.out.indexOf('write the note: ok'))
  })
  it('lets no host suffer for another, and says how to go on', async () => {
    office.hosts.gone.add('a')
    office.hosts.failing.add('b')
    office.hosts.unmet.add('c')
    const { code, out } = await office.run(['up', office.inventory('a', 'b', 'c', 'd'), '--yes'])
    expect(code).toBe(3)
    expect(office.hosts.text.get('d')).toBe('new')
    expect(out).toContain('✗ a\n  a does not answer')
    expect(out).toMatch(
      /✗ b {2}Write › note:first[^✗]*status: 1[^✗]*│ working[^✗]*go on: {2}provision up .*x\.yaml --yes --limit b\n/s,
    )
    expect(out).toContain('3 of 4 hosts not done')
  })
  it('says 5 for a host that cannot be reached', async () => {
    office.hosts.gone.add('a')
    expect((await office.run(['up', office.inventory('a'), '--yes'])).code).toBe(5)
  })
  it('works on at most --forks hosts at once', async () => {
    await office.run(['up', office.inventory('a', 'b', 'c', 'd', 'e'), '--yes', '--forks', '2'])
    expect(office.hosts.most).toBeLessThanOrEqual(2)
    expect(changed()).toBe(5)
  })
  it('visits only the hosts of --limit', async () => {
    await office.run(['up', office.inventory('a', 'b', 'c'), '--yes', '--limit', 'role:worker,!c'])
    expect(office.hosts.connected).toEqual(['b'])
  })
  it('does only the sections of --only, and still judges requirements', async () => {
    office.hosts.unmet.add('b')
    const { code } = await office.run(['up', office.inventory('a', 'b'), '--yes', '--only', 'write'])
    expect(code).toBe(4)
    expect(office.hosts.text.get('a')).toBe('new')
    expect(office.hosts.text.has('b')).toBe(false)
  })
  it('knows the section somebody meant', async () => {
    const { code, err } = await office.run(['up', office.inventory('a'), '--yes', '--only', 'wriet'])
    expect(code).toBe(2)
    expect(err).toContain('did you mean "write"?')
    expect(office.hosts.connected).toEqual([])
  })
  it('measures anew with --verify', async () => {
    await office.run(['up', office.inventory('a'), '--yes', '--verify'])
    await office.run(['up', office.inventory('a'), '--yes'])
    expect(office.hosts.purposes).toEqual(['up, measured anew', 'up'])
  })
  it('starts nothing new after Ctrl-C, and says how to go on', async () => {
    const stop = new AbortController()
    office.hosts.onWave = () => stop.abort()
    const { code, out } = await office.run(['up', office.inventory('a', 'b', 'c'), '--yes', '--forks', '1'], {
      signal: stop.signal,
    })
    expect(code).toBe(130)
    expect(out).toMatch(/stopped; to go on: provision up .*x\.yaml --yes --forks 1\n/)
    expect(changed()).toBe(1)
  })
})

describe('without --yes', () => {
  it('refuses before it connects when there is nobody to ask', async () => {
    const inventory = office.inventory('a')
    for (const argv of [
      ['up', inventory],
      ['up', inventory, '--no-input'],
      ['up', inventory, '--json'],
    ]) {
      const { code, err } = await office.run(argv)
      expect(code).toBe(2)
      expect(err).toContain('nobody to ask')
      expect(err).toContain('--yes')
    }
    expect(office.hosts.connected).toEqual([])
  })
  it.each([
    ['y', 2, 0],
    ['yes', 2, 0],
    ['n', 0, 130],
    ['', 0, 130],
    ['yep', 0, 130],
  ])('asks once for all hosts: %j', async (answer, jobs, code) => {
    const ran = await office.run(
      ['up', office.inventory('a', 'b')],
      { terminal: TERMINAL, env: { NO_COLOR: '1' } },
      answer,
    )
    expect(ran.out.match(/Change these 2 hosts\? \[y\/N\]/g)).toHaveLength(1)
    expect(ran.out.indexOf('+new')).toBeLessThan(ran.out.indexOf('[y/N]'))
    expect(changed()).toBe(jobs)
    expect(ran.code).toBe(code)
    expect(ran.out.includes('nothing was changed')).toBe(jobs === 0)
  })
  it('asks although there are more hosts than --forks, and although some have failed', async () => {
    office.hosts.gone.add('b')
    office.hosts.unmet.add('c')
    const argv = ['up', office.inventory('a', 'b', 'c', 'd', 'e'), '--forks', '1']
    const { out, code } = await office.run(argv, { terminal: TERMINAL, env: { NO_COLOR: '1' } }, 'y')
    expect(out).toContain('Change these 3 hosts?')
    expect(code).toBe(5)
    expect(changed()).toBe(3)
  })
  it('asks nothing when nothing is to be done', async () => {
    office.hosts.text.set('a', 'new')
    const { out, code } = await office.run(['up', office.inventory('a')], { terminal: TERMINAL })
    expect(code).toBe(0)
    expect(out).not.toContain('[y/N]')
    expect(out).toContain('nothing to change')
  })
})

describe('a saved plan', () => {
  it('is for its owner alone, and is carried out as it was saved', async () => {
    const inventory = office.inventory('a')
    const plan = join(office.folder, 'p.json')
    await office.run(['up', inventory, '--dry-run', '--out', plan])
    expect(statSync(plan).mode & 0o777).toBe(0o600)
    const { code } = await office.run(['up', inventory, '--plan', plan])
    expect(code).toBe(0)
    expect(changed()).toBe(1)
  })
  it('says how much it does not fix', async () => {
    office.hosts.unmade.set('a', 'a machine')
    const saved = await office.run(['up', office.inventory('a'), '--dry-run', '--out', join(office.folder, 'p.json')])
    expect(saved.out).toMatch(/not fixed by it: \d+ resources? marked "known after"/)
    office.hosts.unmade.clear()
    const fixed = await office.run(['up', office.inventory('a'), '--dry-run', '--out', join(office.folder, 'p.json')])
    expect(fixed.out).not.toContain('not fixed by it')
  })
  it('is refused for another inventory, before anything else', async () => {
    const plan = join(office.folder, 'p.json')
    await office.run(['up', office.inventory('a'), '--dry-run', '--out', plan])
    const before = office.hosts.connected.length
    const { code, err } = await office.run(['up', office.inventory('a'), '--plan', plan, '--set', 'network.mtu=1400'])
    expect(code).toBe(2)
    expect(err).toContain('was made from another inventory')
    expect(office.hosts.connected).toHaveLength(before)
  })
  it('is refused for a host that moved, naming what moved, and leaves it alone', async () => {
    const inventory = office.inventory('a', 'b')
    const plan = join(office.folder, 'p.json')
    await office.run(['up', inventory, '--dry-run', '--out', plan])
    office.hosts.text.set('a', 'new')
    const { code, out } = await office.run(['up', inventory, '--plan', plan])
    expect(code).toBe(7)
    expect(out).toContain('note:first was planned as change, is same now')
    expect(office.hosts.text.get('b')).toBe('new')
  })
  it.each([
    ['no file', undefined, 'cannot be read'],
    ['no JSON', 'x', 'cannot be read'],
    ['no plan', '{"a":1}', 'is not a plan'],
    [
      'a plan of another version',
      '{"format":1,"version":"9.9.9","inventory":"","hosts":[]}',
      'was made by provision 9.9.9',
    ],
  ])('is refused before anything else: %s', async (_name, text, says) => {
    const path = text === undefined ? join(office.folder, 'none.json') : office.file('p.json', text)
    const { code, err } = await office.run(['up', office.inventory('a'), '--plan', path])
    expect(code).toBe(2)
    expect(err).toContain(says)
    expect(office.hosts.connected).toEqual([])
  })
})

describe('--json', () => {
  it('says everything as events, and nothing else on stdout', async () => {
    const { code, out, err } = await office.run(['up', office.inventory('a'), '--yes', '--json'])
    const events = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(code).toBe(0)
    expect(err).toBe('')
    expect(events[0]).toMatchObject({ type: 'hello', schema: '1.1' })
    expect(events[1]).toMatchObject({ type: 'run', hosts: ['a'], run: expect.stringMatching(/^[a-z0-9-]{1,64}$/) })
    expect(events.at(-1)).toMatchObject({
      type: 'end',
      exit: 0,
      hosts: [{ host: 'a', changed: 1, counters: { channels: 1 } }],
    })
    expect(events.map(({ t }) => t).slice(1)).toEqual(
      events
        .map(({ t }) => t)
        .slice(1)
        .toSorted((a, b) => a - b),
    )
  })
})

describe('a secret of the inventory', () => {
  const CANARY = "c4nary's-p@ssw0rd"

  it.each([
    ['lines', []],
    ['verbose', ['--verbose']],
    ['json', ['--json']],
  ])('appears nowhere in %s, nor in a saved plan', async (_name, more) => {
    const text =
      'name: x\nkubernetes: {version: "1.36.3"}\nhosts:\n  a: {roles: [control-plane], address: a.example, ssh: {password: {env: PW}}}\n'
    const inventory = office.file('x.yaml', text)
    const plan = join(office.folder, 'p.json')
    office.hosts.failing.add('a')
    office.hosts.output = `it is ${CANARY}, or ${Buffer.from(CANARY).toString('base64')}\n`
    office.hosts.text.set('a', `holds ${CANARY}`)
    const env = { PW: CANARY }
    const { out, err } = await office.run(['up', inventory, '--yes', ...more], { env })
    const looked = await office.run(['up', inventory, '--dry-run', '--out', plan, ...more], { env })
    for (const said of [out, err, looked.out, looked.err, readFileSync(plan, 'utf8')]) {
      expect(said).not.toContain(CANARY.slice(2, -2))
      expect(said).not.toContain(Buffer.from(CANARY).toString('base64').slice(4, -4))
    }
    expect(out).toContain('‹secret')
  })
})
