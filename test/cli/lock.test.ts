import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FakeOffice } from '../support/fake-run.ts'
import { writeSmallBundle } from '../support/small-bundle.ts'

const key = (letter: string) => `SHA256:${letter.repeat(43)}`
let office: FakeOffice
let inventory = ''
let source = ''
beforeEach(async () => {
  office = new FakeOffice()
  inventory = office.inventory('a', 'b')
  source = join(office.folder, 'source')
  await writeSmallBundle(source, inventory)
  writeFileSync(inventory, `${readFileSync(inventory, 'utf8')}artifacts: {source: {bundle: ${source}}}\n`)
  office.hosts.keys.set('a', key('a')).set('b', key('b'))
})
afterEach(() => office.remove())

const lock = (...words: readonly string[]) => office.run(['lock', inventory, ...words])
const path = () => join(office.folder, 'x.lock.yaml')
const text = () => readFileSync(path(), 'utf8')

describe('provision lock', () => {
  it('writes digests and host keys, for everybody to read, and the second time nothing', async () => {
    const { code, out } = await lock()
    expect(code).toBe(0)
    expect(out).toMatch(/x\.lock\.yaml written: \d+ artifacts, 0 images, 2 hosts/)
    expect(text()).toMatch(/^# What x\.yaml is held to/)
    expect(text()).toMatch(
      / {2}kubelet:\n {4}version: v1.36.3\n {4}kind: binary\n {4}sha256:\n {6}amd64: [0-9a-f]{64}\n {6}arm64: /,
    )
    expect(text()).toContain(`hosts:\n  a:\n    - ${key('a')}\n`)
    expect(statSync(path()).mode & 0o777).toBe(0o644)
    const before = statSync(path())
    expect((await lock('--update')).out).toContain('nothing has changed')
    expect((await lock('--check')).code).toBe(0)
    expect(statSync(path())).toMatchObject({ ino: before.ino, mtimeMs: before.mtimeMs })
  })

  it('shows what changes, and writes it with --update only', async () => {
    await lock()
    const before = text()
    office.hosts.keys.set('b', key('c'))
    await writeSmallBundle(source, inventory, { kubelet: 'another kubelet' })
    for (const words of [[], ['--check']]) {
      const { code, out } = await lock(...words)
      expect(code).toBe(10)
      expect(out).toMatch(/-\s+- SHA256:b{43}\n\+\s+- SHA256:c{43}/)
      expect(out).toMatch(/-\s+amd64: [0-9a-f]{64}\n/)
      expect(text()).toBe(before)
    }
    const { code, out } = await lock('--update')
    expect(code).toBe(0)
    expect(out).toMatch(/\+\s+- SHA256:c{43}/)
    expect(text()).toContain(key('c'))
    expect((await lock('--check')).code).toBe(0)
  })

  it('writes nothing with --check, and nothing when a host cannot be reached', async () => {
    expect((await lock('--check')).code).toBe(10)
    expect(() => text()).toThrow('ENOENT')
    office.hosts.gone.add('b')
    expect((await lock()).code).toBe(5)
    expect(() => text()).toThrow('ENOENT')
  })

  it('says what it found as JSON', async () => {
    const { code, out } = await lock('--json')
    expect(code).toBe(0)
    const lines = out.trim().split('\n')
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({
      type: 'lock',
      state: 'written',
      lock: { hosts: { a: [key('a')] } },
    })
  })

  it('refuses --update with --check', async () => {
    expect((await lock('--update', '--check')).code).toBe(2)
  })
})

describe('a lock file beside the inventory', () => {
  beforeEach(async () => {
    await lock()
  })

  it('gives the keys that hosts must show, whoever visits them', async () => {
    office.hosts.pins.clear()
    await office.run(['up', inventory, '--dry-run'])
    expect(Object.fromEntries(office.hosts.pins)).toEqual({ a: [key('a')], b: [key('b')] })
  })

  it('refuses a host it does not name, and a key the inventory does not pin', async () => {
    const text = readFileSync(inventory, 'utf8')
    writeFileSync(inventory, `${text.replace('artifacts:', '  c: {roles: [worker], address: c.example}\nartifacts:')}`)
    const added = await office.run(['up', inventory, '--dry-run'])
    expect(added).toMatchObject({ code: 2, err: expect.stringContaining('c is not in the lock file') })
    expect((await office.run(['up', inventory, '--dry-run', '--limit', 'a'])).code).toBe(0)
    writeFileSync(inventory, text.replace('address: a.example', `address: a.example, ssh: {hostKeys: ["${key('z')}"]}`))
    const pinned = await office.run(['up', inventory, '--dry-run'])
    expect(pinned.code).toBe(2)
    expect(pinned.err).toContain(key('a'))
    expect(pinned.err).toContain(key('z'))
  })

  it('is not obeyed half when it is broken', async () => {
    for (const [wrong, what] of [
      ['format: 2\n', /must be 1/],
      ['{', /is not YAML/],
      ['', /is not valid/],
      [text().replace(/amd64: [0-9a-f]{64}/, 'amd64: x'), /must be 64 lower-case/],
      [text().replace(key('a'), 'SHA256:short'), /hosts\.a\.0: must be SHA256/],
    ] as const) {
      writeFileSync(path(), wrong)
      const { code, err } = await office.run(['up', inventory, '--dry-run'])
      expect(code).toBe(2)
      expect(err).toMatch(what)
    }
  })
})
