import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { InputError } from '../../src/core/errors.ts'
import { loadInventory } from '../../src/inventory/load.ts'
import { readInventory } from '../../src/inventory/read.ts'
import { Secret, type SecretReference } from '../../src/inventory/secret.ts'
import { secretOpener } from '../../src/inventory/secret-opener.ts'
import { inventoryWith } from './load.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'provision-secret-'))
  await writeFile(join(folder, 'password'), 'canary-file\n')
  await writeFile(join(folder, 'empty'), '\n')
  await writeFile(join(folder, 'large'), 'canary'.repeat(20_000))
  await writeFile(join(folder, 'binary'), Buffer.from([0xff, 0xfe, 0x00]))
})
afterAll(() => rm(folder, { recursive: true }))

const opener = (env: Record<string, string> = {}, onOpen?: (value: string) => void, deadlineMs?: number) =>
  secretOpener({
    env: { PATH: process.env.PATH, ...env },
    folder,
    ...(onOpen ? { onOpen } : {}),
    ...(deadlineMs ? { deadlineMs } : {}),
  })

const reveal = (reference: SecretReference, env: Record<string, string> = {}) =>
  new Secret(reference, 'inventory.yaml:1:1', opener(env)).reveal()

describe('a secret', () => {
  const secret = new Secret({ command: ['pass', 'show', 'root'] }, 'inventory.yaml:3:5', () =>
    Promise.resolve('canary'),
  )

  test('has a name wherever it is turned into text', () => {
    const texts = [
      String(secret),
      `${secret}`,
      JSON.stringify({ secret }),
      inspect(secret),
      inspect({ deep: [secret] }),
      secret.name,
      `${Object.entries(secret)}`,
    ]
    for (const text of texts) expect(text).not.toContain('canary')
    expect(`${secret}`).toBe('‹secret command pass›')
  })

  test('opens by reveal alone', async () => {
    expect(await secret.reveal()).toBe('canary')
    expect(structuredCloneFails(secret) || !JSON.stringify(structuredClone(secret)).includes('canary')).toBe(true)
  })
})

function structuredCloneFails(value: unknown): boolean {
  try {
    structuredClone(value)
    return false
  } catch {
    return true
  }
}

describe('opening', () => {
  test('environment, file and command, each without its last line end', async () => {
    expect(await reveal({ env: 'CANARY' }, { CANARY: ' canary env ' })).toBe(' canary env ')
    expect(await reveal({ file: join(folder, 'password') })).toBe('canary-file')
    expect(await reveal({ command: ['printf', '%s\\n', 'canary $HOME `id`'] })).toBe('canary $HOME `id`')
    expect(await reveal({ command: ['cat', 'password'] })).toBe('canary-file')
  })

  test.each<[string, SecretReference, RegExp]>([
    ['an unset variable', { env: 'NOBODY' }, /the secret of env NOBODY cannot be had: it is not set/],
    ['an empty variable', { env: 'EMPTY' }, /env EMPTY cannot be had: it is empty/],
    ['a missing file', { file: '/nonexistent/x' }, /file \/nonexistent\/x cannot be had: it does not exist/],
    ['a folder', { file: '/' }, /cannot be read/],
    [
      'a missing program',
      { command: ['no-such-program', 'canary'] },
      /command no-such-program cannot be had: it is not a program on this machine/,
    ],
    ['a failing command', { command: ['sh', '-c', 'echo canary; echo canary >&2; exit 7'] }, /failed with exit code 7/],
    ['a killed command', { command: ['sh', '-c', 'echo canary; kill -9 $$'] }, /was ended by SIGKILL/],
    ['a chatty command', { command: ['sh', '-c', 'yes canary | head -c 100000'] }, /printed more than 64 KiB/],
    ['a silent command', { command: ['true'] }, /is empty/],
    ['a NUL', { command: ['printf', 'a\\0b'] }, /has a NUL character in it/],
  ])('%s', async (_name, reference, says) => {
    const error = await reveal(reference, { EMPTY: '' }).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(InputError)
    const { trouble } = error as InputError
    expect(trouble.what).toMatch(says)
    expect(trouble.where).toBe('inventory.yaml:1:1')
    expect(inspect(error, { depth: 9 })).not.toMatch(/canary(?!'?\s*\])/)
  })

  test('files that cannot be passwords', async () => {
    await expect(reveal({ file: join(folder, 'empty') })).rejects.toThrow('is empty')
    await expect(reveal({ file: join(folder, 'large') })).rejects.toThrow('is larger than 64 KiB')
    await expect(reveal({ file: join(folder, 'binary') })).rejects.toThrow('is not UTF-8 text')
  })

  test('a command that hangs is given up', async () => {
    const open = opener({}, undefined, 200)
    await expect(new Secret({ command: ['sleep', '60'] }, '', open).reveal()).rejects.toThrow(
      'was not done after 0.2 s',
    )
  })

  test('a command that waits for input gets none', async () => {
    await expect(reveal({ command: ['cat'] })).rejects.toThrow('is empty')
  })

  test('happens once for all hosts, and every value is told to the redactor', async () => {
    const seen: string[] = []
    const open = opener({}, (value) => seen.push(value))
    const command = ['sh', '-c', `printf x >> ${join(folder, 'count')}; printf canary`]
    const secrets = [1, 2, 3].map(() => new Secret({ command }, '', open))
    expect(await Promise.all(secrets.map((secret) => secret.reveal()))).toEqual(['canary', 'canary', 'canary'])
    expect(seen).toEqual(['canary'])
    expect(await reveal({ file: join(folder, 'count') })).toBe('x')
  })

  test('is tried again after a failure', async () => {
    const file = join(folder, 'later')
    const secret = new Secret({ file }, '', opener())
    await expect(secret.reveal()).rejects.toThrow('does not exist')
    await writeFile(file, 'canary')
    expect(await secret.reveal()).toBe('canary')
  })
})

describe('in an inventory', () => {
  test('loading opens none, and every host has its own place in errors', async () => {
    let opened = 0
    const text = inventoryWith(
      'ssh: {password: {env: A}}\nvars: {deep: {list: [{secret: {file: ~/x}}]}}',
      '{roles: [control-plane], become: {password: {file: secrets/sudo}}}',
    )
    const inventory = loadInventory(text, {
      file: 'sites/inventory.yaml',
      home: '/home/me',
      openSecret: () => Promise.resolve(String(++opened)),
    })
    const [host] = inventory.hosts
    expect(opened).toBe(0)
    expect(host?.become.password).toMatchObject({
      reference: { file: 'sites/secrets/sudo' },
      where: 'sites/inventory.yaml:6:54',
    })
    expect(host?.ssh.password).toMatchObject({ reference: { env: 'A' }, where: 'sites/inventory.yaml:3:17' })
    expect(inspect(host?.vars, { depth: 9 })).toContain('‹secret file /home/me/x›')
    expect(await host?.ssh.password?.reveal()).toBe('1')
  })
})

describe('reading an inventory file', () => {
  const options = { openSecret: () => Promise.reject(new Error('not here')) }

  test('gives what is in it', async () => {
    await writeFile(join(folder, 'good.yaml'), inventoryWith(''))
    expect((await readInventory(join(folder, 'good.yaml'), options)).name).toBe('lab')
  })

  test('a file that is not there, a folder, one of 100 MB', async () => {
    await expect(readInventory(join(folder, 'none.yaml'), options)).rejects.toThrow(
      /cannot be read: there is no such file/,
    )
    await expect(readInventory(folder, options)).rejects.toThrow(/cannot be read: it is a folder/)
    const large = join(folder, 'large.yaml')
    await writeFile(large, Buffer.alloc(100 * 1024 * 1024, 'a: b\n'))
    const start = performance.now()
    await expect(readInventory(large, options)).rejects.toThrow(/larger than an inventory may be \(1 MiB\)/)
    expect(performance.now() - start).toBeLessThan(1000)
    await rm(large)
  })

  test('a file one may not read', async () => {
    const secret = join(folder, 'closed.yaml')
    await writeFile(secret, 'name: lab')
    await chmod(secret, 0)
    // Root may read everything: for this moment the test is somebody else.
    const isRoot = process.geteuid?.() === 0
    if (isRoot) process.seteuid?.(65534)
    try {
      await expect(readInventory(secret, options)).rejects.toThrow('you may not read it')
    } finally {
      if (isRoot) process.seteuid?.(0)
    }
  })
})
