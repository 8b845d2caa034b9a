import { setTimeout as sleep } from 'node:timers/promises'
import type { ServerChannel } from 'ssh2'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import type { Session } from '../../src/core/host.ts'
import { connector } from '../../src/transport/connect.ts'
import type { SshTarget } from '../../src/transport/target.ts'
import { type Behaviour, FakeHost, FakeKeys, finish, hello } from '../support/fake-host.ts'

const keys = new FakeKeys()
const open: { stop(): Promise<void> }[] = []
const sessions: Session[] = []
const never = new AbortController().signal

afterEach(async () => {
  await Promise.all(sessions.splice(0).map((session) => session.close()))
  await Promise.all(open.splice(0).map((host) => host.stop()))
})
afterAll(() => keys.remove())

async function fake(behave: Behaviour, refuse = 0): Promise<FakeHost> {
  const host = await FakeHost.start(keys, behave, refuse)
  open.push(host)
  return host
}

async function sessionOf(target: SshTarget, channelMs = 1000): Promise<Session> {
  const session = await connector(() => target, { timeouts: { channelMs } })('fake', never)
  sessions.push(session)
  return session
}

async function runOn(behave: Behaviour, refuse = 0, deadlineMs = 20_000) {
  const host = await fake(behave, refuse)
  const session = await sessionOf(host.target())
  return { host, outcome: await session.run('true', { deadlineMs, capBytes: 1000 }) }
}

const answer: Behaviour = (channel, nonce) => {
  channel.write(`${hello(nonce)}\n${nonce} a\ntext\n${nonce} END 0\n`)
  finish(channel)
}

describe('outcomes', () => {
  it('exited needs the trailer and nothing else', async () => {
    expect((await runOn(answer)).outcome).toMatchObject({
      kind: 'exited',
      code: 0,
      sections: [{ mark: ['a'], text: 'text' }],
    })
    const rude: Behaviour = (channel, nonce) => {
      channel.write(`${hello(nonce)}\n${nonce} END 4\n`)
      channel.close()
    }
    expect((await runOn(rude)).outcome).toMatchObject({ kind: 'exited', code: 4 })
  })

  it('is exited although a background process keeps the channel open', async () => {
    const { outcome } = await runOn((channel, nonce) => channel.write(`${hello(nonce)}\n${nonce} END 0\n`))
    expect(outcome).toMatchObject({ kind: 'exited', code: 0 })
  })

  it.each<[string, Behaviour, object]>([
    [
      'exit 0 without a trailer',
      (channel, nonce) => say(channel, `${hello(nonce)}\n${nonce} a\npart`),
      { kind: 'lost', sent: true },
    ],
    ['a closed channel', (channel, nonce) => hangUp(channel, hello(nonce)), { kind: 'lost', sent: true }],
    ['exit code 137', (channel, nonce) => say(channel, hello(nonce), 137), { kind: 'signalled', signal: 'SIGKILL' }],
  ])('%s is no success', async (_name, behave, expected) => {
    expect((await runOn(behave)).outcome).toMatchObject(expected)
  })

  it('tells a shell killed by a signal', async () => {
    const { outcome } = await runOn((channel, nonce) => {
      channel.write(hello(nonce))
      channel.exit('KILL', false, '')
      channel.end()
    })
    expect(outcome).toMatchObject({ kind: 'signalled', signal: 'SIGKILL' })
  })

  it('asks again for a refused channel, and then says refused', async () => {
    const twice = await runOn(answer, 2)
    expect(twice.outcome.kind).toBe('exited')
    expect(twice.host.seen.channels).toBe(3)
    const always = await runOn(answer, 99)
    expect(always.outcome).toMatchObject({ kind: 'refused' })
    expect(always.host.seen.channels).toBe(4)
  })

  it('does not wait for ever for a channel, a hello or a trailer', async () => {
    expect((await runOn(answer, Number.POSITIVE_INFINITY)).outcome).toMatchObject({
      kind: 'lost',
      sent: false,
      reason: /no channel within/,
    })
    expect((await runOn(() => {}, 0, 300)).outcome).toMatchObject({ kind: 'deadline', afterMs: 300 })
    expect((await runOn((channel, nonce) => channel.write(hello(nonce)), 0, 300)).outcome).toMatchObject({
      kind: 'deadline',
      sent: true,
    })
  })

  it('stops waiting when told to', async () => {
    const host = await fake(() => {})
    const session = await sessionOf(host.target())
    const stop = new AbortController()
    setTimeout(() => stop.abort(), 200)
    expect(await session.run('true', { deadlineMs: 60_000, signal: stop.signal })).toMatchObject({
      kind: 'lost',
      reason: 'stopped by you',
    })
    expect(await session.run('true', { deadlineMs: 60_000, signal: stop.signal })).toMatchObject({
      kind: 'lost',
      sent: false,
    })
  })

  it('turns a shell that never said hello into an error that shows what it said', async () => {
    const host = await fake((channel) => say(channel, 'This account is currently not available.\n', 1))
    const session = await sessionOf(host.target())
    await expect(session.run('true', { deadlineMs: 5000 })).rejects.toMatchObject({
      name: 'UnreachableError',
      trouble: { why: expect.stringContaining('This account is currently not available') as string },
    })
  })
})

describe('an impostor', () => {
  it.each<[string, (host: FakeHost) => SshTarget]>([
    ['a pinned key', (host) => host.target({ hostKeys: ['SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'] })],
    ['an unknown key', (host) => host.target({ hostKeys: [] })],
    ['a question answered with no', (host) => host.target({ hostKeys: [], hostKeyPolicy: 'ask' })],
  ])('gets nothing from us: %s', async (_name, target) => {
    const host = await fake(answer)
    await expect(connector(() => target(host), { askHostKey: async () => false })('fake', never)).rejects.toMatchObject(
      { name: /UnreachableError|PinMismatchError/ },
    )
    await sleep(100)
    // The client's side of the key exchange was never finished, so it could not even have sent a password.
    expect(host.seen).toMatchObject({ handshakes: 0, logins: 0, channels: 0 })
  })
})

describe('floods', () => {
  const MIB = 1024 * 1024

  /** Writes so many MiB at the speed they are taken. */
  async function flood(stream: NodeJS.WritableStream, sizeMiB: number, piece: Buffer): Promise<void> {
    for (let i = 0; i < sizeMiB; i++) await new Promise<void>((resolve) => stream.write(piece, () => resolve()))
  }

  it.each<[string, (channel: ServerChannel) => NodeJS.WritableStream]>([
    ['stdout', (channel) => channel],
    ['stderr', (channel) => channel.stderr],
  ])('%s of 200 MiB neither blocks the other stream nor fills the memory', async (_name, pick) => {
    const piece = Buffer.alloc(MIB, 'é')
    let peak = 0
    const { outcome } = await runOn(
      (channel, nonce) => {
        channel.write(`${hello(nonce)}\n${nonce} a\n`)
        const before = process.memoryUsage.rss()
        const timer = setInterval(() => {
          peak = Math.max(peak, process.memoryUsage.rss() - before)
        }, 20)
        flood(pick(channel), 200, piece)
          .then(() => {
            clearInterval(timer)
            channel.write(`\n${nonce} END 0\n`)
            finish(channel)
          })
          .catch(() => {})
      },
      0,
      100_000,
    )
    expect(outcome).toMatchObject({ kind: 'exited', code: 0 })
    // Both ends live in this process; ssh2's windows and garbage account for most of it.
    expect(peak / MIB).toBeLessThan(150)
  })
})

describe('200 hosts', () => {
  it('are looked at with bounded handshakes, one channel each', async () => {
    const hosts = await Promise.all(Array.from({ length: 200 }, () => fake(answer)))
    const byName = new Map(hosts.map((host, i) => [`h${i}`, host.target({ name: `h${i}` })]))
    const connect = connector((name) => byName.get(name) ?? expect.fail(name))
    const outcomes = await Promise.all(
      [...byName.keys()].map(async (name) => {
        const session = await connect(name, never)
        const outcome = await session.run('true', { deadlineMs: 60_000 })
        await session.close()
        return outcome.kind
      }),
    )
    // A key is offered first and signed with then: two requests for one login.
    expect(new Set(outcomes)).toEqual(new Set(['exited']))
    expect(hosts.map(({ seen }) => seen)).toEqual(
      hosts.map(() => ({ connections: 1, handshakes: 1, logins: 2, channels: 1 })),
    )
  })

  it('do not suffer from the one that is dead', async () => {
    const good = await fake(answer)
    const targets: Record<string, SshTarget> = {
      good: good.target(),
      dead: { ...good.target(), port: 1, name: 'dead' },
    }
    const connect = connector((name) => targets[name] ?? expect.fail(name))
    const [dead, alive] = await Promise.allSettled([connect('dead', never), connect('good', never)])
    expect(dead.status).toBe('rejected')
    if (alive.status === 'fulfilled') sessions.push(alive.value)
    expect(alive.status).toBe('fulfilled')
  })
})

function say(channel: ServerChannel, text: string, code = 0): void {
  channel.write(text)
  finish(channel, code)
}

function hangUp(channel: ServerChannel, text: string): void {
  channel.write(text)
  channel.close()
}
