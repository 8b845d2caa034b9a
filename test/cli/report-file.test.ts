import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FakeOffice } from '../support/fake-run.ts'
import { MarkupTree } from '../support/markup-tree.ts'

let office: FakeOffice
beforeEach(() => {
  office = new FakeOffice()
})
afterEach(() => office.remove())

const path = () => join(office.folder, 'run.html')
const text = () => new MarkupTree(readFileSync(path(), 'utf8')).text

describe('--report', () => {
  it('of a run says who did what, and what came of it', async () => {
    const { code, out } = await office.run(['up', office.inventory('a', 'b'), '--yes', '--report', 'run.html'])
    expect(code).toBe(0)
    expect(out).toMatch(/report written to run\.html\n$/m)
    expect(text()).toMatch(/2 changes on 2 hosts in/)
    for (const part of ['me@here', 'Slowest steps', 'write the note', '1 GiB', '2 GiB', '+new', '-old', 'SHA256:fake'])
      expect(text()).toContain(part)
    expect(statSync(path()).mode & 0o777).toBe(0o600)
  })
  it('of a dry run says that nothing was changed', async () => {
    await office.run(['up', office.inventory('a'), '--dry-run', '--report', 'run.html'])
    expect(text()).toContain('Nothing was changed')
    expect(text()).toContain('dry run')
  })
  it('of a check tells what is unmet, and how to mend it', async () => {
    office.hosts.unmet.add('b')
    const { code } = await office.run(['check', office.inventory('a', 'b'), '--report', 'run.html'])
    expect(code).toBe(4)
    for (const part of ['unmet', '1 of 2 hosts', 'add some']) expect(text()).toContain(part)
  })
  it('of a check does not call good what is not there', async () => {
    office.hosts.unmade.set('b', 'b does not exist yet')
    await office.run(['check', office.inventory('a', 'b'), '--report', 'run.html'])
    expect(text()).toContain('1 of 2 hosts could not be judged')
    expect(text()).toContain('not there yet')
    expect(text()).not.toContain('good enough')
  })
  it('is there although hosts failed, with everything one needs to go on', async () => {
    office.hosts.gone.add('a')
    office.hosts.failing.add('b')
    const { code } = await office.run(['up', office.inventory('a', 'b', 'c'), '--yes', '--report', 'run.html'])
    expect(code).toBe(3)
    for (const part of ['What went wrong', 'a does not answer', 'switch it on', '2 of 3 hosts', 'working'])
      expect(text()).toContain(part)
  })
  it('says who said no', async () => {
    const terminal = { columns: 80, rows: 24 }
    await office.run(['up', office.inventory('a'), '--report', 'run.html'], { terminal }, 'n')
    expect(text()).toContain('not agreed to')
  })
  it('leaves events of --json as they are', async () => {
    const { out } = await office.run(['up', office.inventory('a'), '--yes', '--json', '--report', 'run.html'])
    expect(
      out
        .trimEnd()
        .split('\n')
        .every((line) => JSON.parse(line).type !== undefined),
    ).toBe(true)
    expect(text()).toContain('1 change on 1 host')
  })
  it('holds no secret', async () => {
    const secret = 'canary-&-<9f31>'
    const inventory = office.file(
      'x.yaml',
      `name: x\nkubernetes: {version: "1.36.3"}\nhosts:\n  a: {roles: [control-plane], address: a.example, ssh: {password: {env: CANARY}}}\n`,
    )
    office.hosts.output = `the password is ${secret}\n`
    office.hosts.failing.add('a')
    office.hosts.text.set('a', `was ${secret}`)
    await office.run(['up', inventory, '--yes', '--report', 'run.html'], { env: { CANARY: secret } })
    expect(text()).toContain('‹secret›')
    expect(text()).not.toContain('9f31')
  })
  it.each([
    ['gone/run.html', 'mkdir -p'],
    ['folder', 'is a folder'],
  ])('that cannot be written to %s stops before anything is done', async (file, says) => {
    mkdirSync(join(office.folder, 'folder'))
    const { code, err } = await office.run(['up', office.inventory('a'), '--yes', '--report', file])
    expect(code).toBe(2)
    expect(err).toContain(says)
    expect(office.hosts.connected).toEqual([])
  })
  it('that could not be written in the end is a failure of its own', async () => {
    const folder = join(office.folder, 'soon-gone')
    mkdirSync(folder)
    office.hosts.onWave = () => rmSync(folder, { recursive: true })
    const { code, out, err } = await office.run([
      'up',
      office.inventory('a'),
      '--yes',
      '--report',
      'soon-gone/run.html',
    ])
    expect(code).toBe(3)
    expect(out).toContain('1 change on 1 host')
    expect(err).toContain('only its report is missing')
    expect(existsSync(folder)).toBe(false)
  })
})
