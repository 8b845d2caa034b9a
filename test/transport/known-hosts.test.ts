import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fingerprint, keyType, offeredAlgorithms } from '../../src/transport/host-key.ts'
import {
  hashedName,
  judge,
  knownHostsName,
  matchesName,
  parseKnownHosts,
  recordedTypes,
} from '../../src/transport/known-hosts.ts'
import { addKnownHost, readKnownHosts } from '../../src/transport/known-hosts-file.ts'

const dir = mkdtempSync(join(tmpdir(), 'provision-known-hosts-'))
const keys: Record<string, { words: string; blob: Buffer; print: string }> = {}

beforeAll(() => {
  for (const name of ['ed25519', 'ecdsa', 'rsa', 'other']) {
    const file = join(dir, name)
    const type = name === 'other' ? 'ed25519' : name
    execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-f', file])
    const words = readFileSync(`${file}.pub`, 'utf8').split(' ').slice(0, 2).join(' ')
    const print = execFileSync('ssh-keygen', ['-lf', `${file}.pub`], { encoding: 'utf8' }).split(' ')[1] ?? ''
    keys[name] = { words, blob: Buffer.from(words.split(' ')[1] ?? '', 'base64'), print }
  }
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const key = (name: string) => keys[name] ?? expect.fail(name)
const verdict = (text: string, name: string, shown = 'ed25519') =>
  judge(parseKnownHosts(text, 'kh'), name, key(shown).blob)

describe('host keys', () => {
  it('have the fingerprint and type ssh-keygen prints', () => {
    for (const name of ['ed25519', 'ecdsa', 'rsa']) expect(fingerprint(key(name).blob)).toBe(key(name).print)
    expect(['ed25519', 'ecdsa', 'rsa'].map((name) => keyType(key(name).blob))).toEqual([
      'ssh-ed25519',
      'ecdsa-sha2-nistp256',
      'ssh-rsa',
    ])
    expect(keyType(Buffer.from([1, 2]))).toBe('')
    expect(keyType(Buffer.alloc(8, 0xff))).toBe('')
  })

  it('are asked for in the order of the recorded types', () => {
    expect(offeredAlgorithms([])[0]).toBe('ssh-ed25519')
    expect(offeredAlgorithms(['ssh-rsa']).slice(0, 2)).toEqual(['rsa-sha2-512', 'rsa-sha2-256'])
    expect(offeredAlgorithms(['ecdsa-sha2-nistp256'])[0]).toBe('ecdsa-sha2-nistp256')
    expect(offeredAlgorithms(['ssh-rsa'])).not.toContain('ssh-rsa')
  })
})

describe('judge', () => {
  it.each([
    ['host', 'host', 'known'],
    ['HOST', 'host', 'known'],
    ['other,host,third', 'host', 'known'],
    ['10.0.0.1', '10.0.0.1', 'known'],
    ['[host]:2222', '[host]:2222', 'known'],
    ['host', '[host]:2222', 'unknown'],
    ['[host]:2222', 'host', 'unknown'],
    ['*.example.org', 'a.example.org', 'known'],
    ['*.example.org', 'example.org', 'unknown'],
    ['node?', 'node1', 'known'],
    ['node?', 'node12', 'unknown'],
    ['!bad.example.org,*.example.org', 'bad.example.org', 'unknown'],
    ['*.example.org,!bad.example.org', 'bad.example.org', 'unknown'],
    ['*.example.org,!bad.example.org', 'good.example.org', 'known'],
    ['a.b', 'axb', 'unknown'],
    ['[host]:*', '[host]:99', 'known'],
  ])('names %j and the host %j: %s', (names, host, kind) => {
    expect(verdict(`${names} ${key('ed25519').words}\n`, host).kind).toBe(kind)
  })

  it('reads names ssh-keygen hashed', () => {
    const file = join(dir, 'hashed')
    writeFileSync(file, `host,10.0.0.1 ${key('ed25519').words} comment\n[host]:2222 ${key('rsa').words}\n`)
    execFileSync('ssh-keygen', ['-q', '-H', '-f', file], { stdio: 'ignore' })
    const text = readFileSync(file, 'utf8')
    expect(text).toMatch(/^\|1\|/)
    expect(verdict(text, 'host').kind).toBe('known')
    expect(verdict(text, '10.0.0.1').kind).toBe('known')
    expect(verdict(text, '[host]:2222', 'rsa').kind).toBe('known')
    expect(verdict(text, 'nobody').kind).toBe('unknown')
  })

  it('tells a changed key, with where the old one is', () => {
    const found = verdict(`# comment\n\nhost ${key('other').words}\n`, 'host')
    expect(found).toMatchObject({ kind: 'changed', recorded: [{ file: 'kh', line: 3, type: 'ssh-ed25519' }] })
  })

  it('counts a key of another type as changed: the recorded types were asked for first', () => {
    expect(verdict(`host ${key('rsa').words}\n`, 'host').kind).toBe('changed')
    expect(recordedTypes(parseKnownHosts(`host ${key('rsa').words}\n`, 'kh'), 'host')).toEqual(['ssh-rsa'])
  })

  it('accepts any of several recorded keys', () => {
    const text = `host ${key('other').words}\nhost ${key('ed25519').words}\n`
    expect(verdict(text, 'host')).toMatchObject({ kind: 'known', entry: { line: 2 } })
  })

  it('refuses a revoked key even if it is recorded as good', () => {
    const text = `host ${key('ed25519').words}\n@revoked * ${key('ed25519').words}\n`
    expect(verdict(text, 'host')).toMatchObject({ kind: 'revoked', entry: { line: 2 } })
    expect(verdict(`@revoked * ${key('other').words}\n`, 'host').kind).toBe('unknown')
  })

  it('reports an authority as what it cannot use, and never takes its key for the host’s', () => {
    expect(verdict(`@cert-authority *.org ${key('ed25519').words}\n`, 'a.org')).toMatchObject({
      kind: 'unknown',
      authorities: [{ line: 1 }],
    })
  })

  it.each([
    'host',
    'host ssh-ed25519',
    'host ssh-rsa AAAA',
    '@other host ssh-ed25519 AAAA',
    '|1|x host',
    'host ssh-ed25519 !!!!',
    '\0',
  ])('skips the broken line %j', (line) => {
    expect(parseKnownHosts(`${line}\nhost ${key('ed25519').words}\n`, 'kh').map((entry) => entry.line)).toEqual([2])
  })

  it('writes names as OpenSSH does', () => {
    expect([knownHostsName('Host', 22), knownHostsName('host', 2022)]).toEqual(['host', '[host]:2022'])
    expect(matchesName(hashedName('host'), 'host')).toBe(true)
    expect(matchesName(hashedName('host'), 'other')).toBe(false)
  })
})

describe('addKnownHost', () => {
  it('makes folder and file for the owner only, with a line ssh-keygen finds', async () => {
    const file = join(dir, 'new', 'known_hosts')
    await addKnownHost(file, '[10.0.0.1]:2222', key('ed25519').blob)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(execFileSync('ssh-keygen', ['-F', '[10.0.0.1]:2222', '-f', file], { encoding: 'utf8' })).toContain(
      key('ed25519').words,
    )
  })

  it('hashes the name when the file does, and mends a missing last newline', async () => {
    const file = join(dir, 'known_hashed')
    writeFileSync(file, `${hashedName('first')} ${key('rsa').words}`)
    await addKnownHost(file, 'second', key('ed25519').blob)
    const lines = readFileSync(file, 'utf8').trim().split('\n')
    expect(lines).toHaveLength(2)
    expect(lines[1]).toMatch(/^\|1\|/)
    expect(execFileSync('ssh-keygen', ['-F', 'second', '-f', file], { encoding: 'utf8' })).toContain(
      key('ed25519').words,
    )
  })

  it('keeps every line of many writers at once', async () => {
    const file = join(dir, 'busy')
    await Promise.all(Array.from({ length: 40 }, (_, i) => addKnownHost(file, `host${i}`, key('ed25519').blob)))
    const entries = await readKnownHosts([file])
    expect(entries.map(({ names }) => names).sort()).toEqual(Array.from({ length: 40 }, (_, i) => `host${i}`).sort())
    expect(existsSync(`${file}.lock`)).toBe(false)
  })

  it('reads nothing from a missing file, and says which one it may not read', async () => {
    expect(await readKnownHosts([join(dir, 'missing')])).toEqual([])
    await expect(readKnownHosts([dir])).rejects.toThrow(dir)
    chmodSync(dir, 0o700)
  })
})
