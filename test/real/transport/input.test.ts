import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Outcome, Session } from '../../../src/core/host.ts'
import { connector } from '../../../src/transport/connect.ts'
import { pairOf, surveyed, withoutPerl } from '../../support/peers.ts'
import { Sshd } from '../../support/sshd.ts'

const never = new AbortController().signal
/** One whom sudo lets do all, one it asks for a password, and one whose commands get a terminal of their own. */
const SETUP = `
for u in free asks pty; do useradd -m "$u"; printf '%s:secret word\\n' "$u" | chpasswd; done
cat >/etc/sudoers.d/cases <<'E'
Defaults:pty use_pty
free ALL=(ALL:ALL) NOPASSWD: ALL
asks ALL=(ALL:ALL) ALL
pty ALL=(ALL:ALL) NOPASSWD: ALL
E
chmod 440 /etc/sudoers.d/cases
`
let sshd: Sshd
const sessions: Session[] = []

beforeAll(async () => {
  sshd = await Sshd.start({ setup: SETUP })
})
afterEach(async () => {
  await Promise.all(sessions.splice(0).map((session) => session.close()))
})
afterAll(async () => sshd.stop())

async function connected(name = 'host', changes: Parameters<Sshd['target']>[0] = {}): Promise<Session> {
  const session = await connector(() => sshd.target({ name, ...changes }))(name, never)
  sessions.push(session)
  return session
}

async function* pieces(...texts: readonly string[]): AsyncGenerator<string> {
  for (const text of texts) yield text
}

const textOf = (outcome: Outcome): string =>
  'sections' in outcome ? outcome.sections.map(({ text }) => text).join('') : outcome.kind

describe('a script that is spoken with', () => {
  it('reads what it is sent, to the end and not a byte more', async () => {
    const session = await connected()
    const outcome = await session.run('mark in; cat; printf .', {
      deadlineMs: 30_000,
      input: pieces('one\n', 'tw', 'o'),
    })
    expect(outcome).toMatchObject({ kind: 'exited', code: 0, sections: [{ mark: ['in'], text: 'one\ntwo.' }] })
    expect(session.counters.channels).toBe(1)
  })
  it.each(['free', 'asks', 'pty'])('hears all of it through sudo, as %s', async (user) => {
    const become = { method: 'auto', password: async () => 'secret word' } as const
    const session = await connected('host', { user, become })
    for (const round of [1, 2]) {
      const outcome = await session.run('mark in; id -u; cat', {
        deadlineMs: 30_000,
        input: pieces('one\n', `${round}`),
      })
      expect(outcome).toMatchObject({ kind: 'exited', code: 0, sections: [{ text: `0\none\n${round}` }] })
    }
  })
  it('gets 8 MiB as it takes them', async () => {
    const session = await connected()
    const many = pieces(...Array.from({ length: 128 }, () => 'x'.repeat(65_536)))
    const outcome = await session.run('mark n; wc -c', { deadlineMs: 60_000, input: many })
    expect(textOf(outcome).trim()).toBe(String(128 * 65_536))
  })
  it('can answer before the next word is sent', async () => {
    const session = await connected()
    const heard = Promise.withResolvers<void>()
    async function* input(): AsyncGenerator<string> {
      yield 'first\n'
      await heard.promise
      yield 'second\n'
    }
    const outcome = await session.run('read -r a; mark heard; read -r b; printf "%s %s" "$a" "$b"', {
      deadlineMs: 30_000,
      input: input(),
      onMark: ([word]) => word === 'heard' && heard.resolve(),
    })
    expect(textOf(outcome)).toBe('first second')
  })
  it.each(['if then', `printf 'x`])('contains the syntax error of: %s', async (script) => {
    const outcome = await (await connected()).run(script, { deadlineMs: 30_000, input: pieces('x') })
    expect(outcome).toMatchObject({ kind: 'exited', code: 2 })
  })
  it('may end before it has heard everything', async () => {
    const session = await connected()
    async function* endless(): AsyncGenerator<string> {
      for (;;) yield 'x'.repeat(65_536)
    }
    expect(await session.run('exit 7', { deadlineMs: 30_000, input: endless() })).toMatchObject({
      kind: 'exited',
      code: 7,
    })
    expect(await session.run('exit 8', { deadlineMs: 30_000 })).toMatchObject({ kind: 'exited', code: 8 })
  })
})

describe('a survey over ssh', () => {
  it('measures between two hosts with one channel each, and leaves nothing', async () => {
    const hosts = ['n1', 'n2'].map((name, i) => ({
      name,
      roles: ['control-plane'] as const,
      address: `127.0.98.${i + 1}`,
      points: [{ name: 'ssh', host: '127.0.0.1', port: sshd.port }],
    }))
    const [first, second] = [await connected('n1'), await connected('n2')]
    const seen = await surveyed({
      hosts,
      sessions: [first, withoutPerl(second)],
    })
    expect(seen.hosts.map(({ missing }) => missing)).toEqual([undefined, undefined])
    for (const [from, to] of [
      ['n1', 'n2'],
      ['n2', 'n1'],
    ] as const) {
      expect(pairOf(seen, from, to)).toMatchObject({ reached: 5, others: [], rtt: { by: 'udp' } })
    }
    expect(seen.hosts[0]?.points).toMatchObject([{ name: 'ssh', medianMs: expect.any(Number) }])
    for (const session of [first, second]) expect(session.counters).toMatchObject({ channels: 1, reconnects: 0 })
    expect(textOf(await first.run('mark ss; ss -Hlntu | grep -F 127.0.98. || :', { deadlineMs: 30_000 }))).toBe('')
  })
  it('leaves nothing when the link is cut', async () => {
    const watcher = await connected('watcher')
    const session = await connected('n1')
    const ready = Promise.withResolvers<void>()
    const hanging: Session = Object.assign(await connected('n2'), { run: () => new Promise<never>(() => undefined) })
    const { run } = session
    session.run = (script, options) =>
      run.call(session, script, {
        ...options,
        onMark: (mark) => {
          options.onMark?.(mark)
          if (mark[0] === 'listening') ready.resolve()
        },
      })
    const hosts = ['n1', 'n2'].map((name) => ({ name, roles: ['control-plane'] as const, address: '127.0.98.3' }))
    void surveyed({ hosts, sessions: [session, hanging] })
    await ready.promise
    const listeners = async () =>
      textOf(await watcher.run('mark ss; ss -Hlntu | grep -F 127.0.98.3: || :', { deadlineMs: 30_000 }))
    expect(await listeners()).toContain(':6443')
    await session.close()
    const giveUpMs = performance.now() + 5000
    while ((await listeners()) !== '' && performance.now() < giveUpMs);
    expect(await listeners()).toBe('')
  })
})
