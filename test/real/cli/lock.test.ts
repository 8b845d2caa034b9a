import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { openBundle } from '../../../src/artifacts/bundle.ts'
import { writeSmallBundle } from '../../support/small-bundle.ts'
import { makeKey, Sshd } from '../../support/sshd.ts'

const PROGRAM = join(import.meta.dirname, '../../../src/provision')

let sshd: Sshd
let inventory = ''
let source = ''
beforeAll(async () => {
  sshd = await Sshd.start()
  inventory = join(sshd.dir, 'prod.yaml')
  source = join(sshd.dir, 'source')
  writeInventory('')
  await writeSmallBundle(source, inventory)
})
afterAll(() => sshd.stop())

/** Runs the real program; it knows hosts by nothing but what it finds in the test's own home. */
function run(...words: readonly string[]) {
  const child = spawn(PROGRAM, words, {
    env: { PATH: process.env.PATH, HOME: sshd.dir },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said = { out: '', err: '' }
  child.stdout.on('data', (chunk: Buffer) => {
    said.out += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    said.err += chunk.toString()
  })
  const done = new Promise<typeof said & { code: number | null }>((resolve) =>
    child.on('close', (code) => resolve({ ...said, code })),
  )
  return { child, done }
}

function writeInventory(ssh: string): void {
  const way = `user: root, port: ${sshd.port}, identityFile: ${sshd.identityFile}, ${ssh}`
  writeFileSync(
    inventory,
    `name: x
kubernetes: {version: "1.36.3"}
artifacts: {source: {bundle: ${source}}}
hosts: {here: {roles: [control-plane], address: 127.0.0.1, ssh: {${way}}}}
`,
  )
}

const lockFile = () => readFileSync(join(sshd.dir, 'prod.lock.yaml'), 'utf8')

it('locks the key of a host only when somebody vouches for it', async () => {
  expect(await run('lock', inventory).done).toMatchObject({
    code: 5,
    err: expect.stringContaining('nobody has vouched for'),
  })
  expect(existsSync(join(sshd.dir, 'prod.lock.yaml'))).toBe(false)
  const { code, err } = await run('lock', inventory, '--accept-new-host-keys').done
  expect(`${code} ${err}`).toBe('0 ')
  expect(lockFile()).toContain(sshd.hostKey())
})

it('is enough to know a host by: known_hosts is not needed', async () => {
  rmSync(join(sshd.dir, '.ssh'), { recursive: true })
  const { code, out } = await run('check', inventory).done
  expect(code).not.toBe(5)
  expect(out).toContain('virtualisation')
})

it('refuses other bytes before any host is asked, naming both digests', async () => {
  const before = sshd.sessions()
  await writeSmallBundle(source, inventory, { kubelet: 'another kubelet' })
  for (const words of [
    ['check', inventory],
    ['up', inventory, '--dry-run'],
    ['bundle', inventory, '--out', join(sshd.dir, 'b')],
  ]) {
    const { code, err } = await run(...words).done
    expect(code, words[0]).toBe(2)
    expect(err, words[0]).toMatch(
      /kubelet for amd64 has sha256 [0-9a-f]{64}, and the lock file \S+prod\.lock\.yaml says [0-9a-f]{64}/,
    )
  }
  expect(sshd.sessions()).toBe(before)
  expect(existsSync(join(sshd.dir, 'b'))).toBe(false)
  await writeSmallBundle(source, inventory)
})

it('refuses another host key, naming both and the lock file; --update takes the one that is vouched for', async () => {
  const old = sshd.hostKey()
  await sshd.crash()
  for (const name of ['host_ed25519', 'host_ed25519.pub']) rmSync(join(sshd.dir, name))
  makeKey('ed25519', join(sshd.dir, 'host_ed25519'))
  await sshd.boot()
  const before = lockFile()
  const { code, out, err } = await run('check', inventory).done
  expect(code).toBe(5)
  expect(`${out}${err}`).toContain(sshd.hostKey())
  expect(`${out}${err}`).toContain(`prod.lock.yaml says ${old}`)
  // What vouches for a key is what always does: it is not known yet, so the lock does not change.
  expect((await run('lock', inventory, '--update').done).code).toBe(5)
  expect(lockFile()).toBe(before)
  writeInventory(`hostKeys: ["${sshd.hostKey()}"]`)
  const compared = await run('lock', inventory, '--check').done
  expect(compared.code).toBe(10)
  expect(compared.out).toContain(`-    - ${old}\n+    - ${sshd.hostKey()}`)
  expect(lockFile()).toBe(before)
  expect((await run('lock', inventory, '--update').done).code).toBe(0)
  expect((await run('check', inventory).done).code).not.toBe(5)
})

it('a bundle whose making was killed is finished by the next run, with what is there already', async () => {
  await writeSmallBundle(source, inventory, { runc: 'r'.repeat(150_000_000) })
  rmSync(join(sshd.dir, 'prod.lock.yaml'))
  const to = join(sshd.dir, 'carry')
  const { child, done } = run('bundle', inventory, '--out', to)
  const kept = join(`${to}.parts`, 'bin/amd64/kubelet')
  await vi.waitFor(() => expect(existsSync(kept)).toBe(true), { timeout: 60_000, interval: 5 })
  child.kill('SIGKILL')
  // The launcher has replaced itself: nobody else writes there.
  await done
  expect(existsSync(to)).toBe(false)
  const { ino } = statSync(kept)
  expect(await run('bundle', inventory, '--out', to).done).toMatchObject({ code: 0, err: '' })
  expect(statSync(join(to, 'bin/amd64/kubelet')).ino).toBe(ino)
  expect((await openBundle(to)).file('runc').artifact.size).toBe(150_000_000)
  expect(existsSync(`${to}.parts`)).toBe(false)
})

it('a folder for a bundle that cannot be written is said so', async () => {
  mkdirSync(join(sshd.dir, 'there'))
  writeFileSync(join(sshd.dir, 'there.parts'), 'in the way')
  const { code, err } = await run('bundle', inventory, '--out', join(sshd.dir, 'there')).done
  expect(code).toBe(2)
  expect(err).toContain('there.parts')
})
