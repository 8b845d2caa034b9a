import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Sshd } from '../../support/sshd.ts'

const PROGRAM = join(import.meta.dirname, '../../../src/provision')

let sshd: Sshd
beforeAll(async () => {
  sshd = await Sshd.start()
})
afterAll(() => sshd.stop())

interface Running {
  readonly child: ChildProcess
  /** Resolves once stdout holds this. */
  readonly until: (text: string) => Promise<void>
  readonly done: Promise<{ readonly code: number | null; readonly out: string; readonly err: string }>
}

/** Starts the real program on a real inventory; home and state are folders of the test. */
function start(...words: readonly string[]): Running {
  const env = { PATH: process.env.PATH, HOME: sshd.dir }
  const child = spawn(PROGRAM, words, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  let err = ''
  const waiting: { readonly text: string; readonly found: () => void }[] = []
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString()
    for (const { text, found } of waiting) if (out.includes(text)) found()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString()
  })
  return {
    child,
    until: (text) =>
      new Promise((found, lost) => {
        waiting.push({ text, found })
        child.once('close', (code) => lost(new Error(`ended with ${code} before it said ${text}: ${out}${err}`)))
      }),
    done: new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err }))),
  }
}

function inventory(name: string, ssh: string): string {
  const path = join(sshd.dir, `${name}.yaml`)
  const common = `user: root, port: ${sshd.port}, identityFile: ${sshd.identityFile}`
  writeFileSync(
    path,
    `name: x\nkubernetes: {version: "1.36.3"}\nhosts:\n  here:\n    roles: [control-plane]\n    address: 127.0.0.1\n    ssh: {${common}, ${ssh}}\n`,
  )
  return path
}

const pinned = () => inventory('pinned', `hostKeys: ["${sshd.hostKey()}"]`)
const events = (out: string) =>
  out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

describe('the program on a real host', () => {
  it('judges it over at most two session channels, without sftp', async () => {
    const before = sshd.sessions()
    const { code, out, err } = await start('check', pinned(), '--json').done
    expect(err).toBe('')
    expect([0, 4]).toContain(code)
    const end = events(out).at(-1)
    expect(end).toMatchObject({ type: 'end', exit: code, hosts: [{ host: 'here' }] })
    const sessions = sshd.sessions() - before
    expect(sessions).toBeLessThanOrEqual(2)
    expect(end.hosts[0].counters.channels).toBe(sessions)
    expect(sshd.log()).not.toContain('sftp')
    const [plan] = events(out).flatMap((event) => (event.type === 'plan' ? [event.plan] : []))
    expect(plan.resources.length).toBeGreaterThan(15)
    expect(plan.resources.every(({ key }: { key: string }) => key.startsWith('requirement:'))).toBe(true)
  })
  it('refuses a host nobody vouched for, shows its key, and records it when told to', async () => {
    const known = join(sshd.dir, 'known_hosts')
    writeFileSync(known, '')
    const path = inventory('unknown', `knownHostsFile: ${known}`)
    const refused = await start('check', path).done
    expect(refused.code).toBe(5)
    expect(refused.out).toContain(sshd.hostKey())
    expect(refused.out).toContain('--accept-new-host-keys')
    expect(readFileSync(known, 'utf8')).toBe('')
    const accepted = await start('check', path, '--accept-new-host-keys').done
    expect([0, 4]).toContain(accepted.code)
    expect(readFileSync(known, 'utf8')).toContain(sshd.publicHostKey())
    expect([0, 4]).toContain((await start('check', path).done).code)
  })
  it('never takes a changed key, whatever it was told', async () => {
    const known = join(sshd.dir, 'known_changed')
    const other = sshd.publicHostKey().replace(/.{20}$/, 'A'.repeat(20))
    writeFileSync(known, `[127.0.0.1]:${sshd.port} ${other}\n`)
    const { code, out } = await start(
      'check',
      inventory('changed', `knownHostsFile: ${known}`),
      '--accept-new-host-keys',
    ).done
    expect(code).toBe(5)
    expect(out).toContain('has changed')
  })
  it('finishes what runs after one Ctrl-C, and says so', async () => {
    const running = start('check', pinned(), '--json')
    await running.until('"connected"')
    running.child.kill('SIGINT')
    const { code, out } = await running.done
    expect(code).toBe(130)
    expect(out).toContain('stopping: hosts finish what they are at')
    expect(events(out).at(-1)).toMatchObject({ type: 'end', exit: 130 })
  })
  it('goes away at once after two', async () => {
    const running = start('check', pinned(), '--json')
    await running.until('"connected"')
    running.child.kill('SIGINT')
    await running.until('stopping')
    running.child.kill('SIGINT')
    const { code, out } = await running.done
    expect(code).toBe(130)
    expect(out).not.toContain('"end"')
  })
})
