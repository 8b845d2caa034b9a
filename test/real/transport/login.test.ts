import { execFileSync, spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Session } from '../../../src/core/host.ts'
import { type ConnectorOptions, connector } from '../../../src/transport/connect.ts'
import type { SshTarget } from '../../../src/transport/target.ts'
import { FaultProxy } from '../../support/fault-proxy.ts'
import { makeKey, Sshd } from '../../support/sshd.ts'

const never = new AbortController().signal
const LIMITS = { deadlineMs: 60_000 }
let sshd: Sshd
const sessions: Session[] = []

beforeAll(async () => {
  sshd = await Sshd.start({
    config: ['PasswordAuthentication yes'],
    setup: `useradd -m ann; printf 'ann:right\\n' | chpasswd`,
  })
})
afterEach(async () => {
  await Promise.all(sessions.splice(0).map((session) => session.close()))
})
afterAll(async () => sshd.stop())

async function connected(target: SshTarget, options: ConnectorOptions = {}): Promise<Session> {
  const session = await connector(() => target, options)(target.name, never)
  sessions.push(session)
  return session
}

const failure = (
  target: SshTarget,
  options: ConnectorOptions = {},
): Promise<Error & { trouble: Record<string, string> }> =>
  connected(target, options).then(
    () => expect.fail('connected'),
    (error: unknown) => error as Error & { trouble: Record<string, string> },
  )

describe('logging in', () => {
  const ann = (changes: Partial<SshTarget>) =>
    sshd.target({ user: 'ann', identityFiles: [], become: { method: 'none' }, ...changes })

  it('takes a password, once, and only after the keys', async () => {
    await connected(ann({ password: async () => 'right' }))
    const before = sshd.log().length
    const error = await failure(ann({ password: async () => 'wrong' }))
    expect(error.trouble.why).toBe('offered: password; the host accepts: publickey, password')
    expect(
      sshd
        .log()
        .slice(before)
        .match(/Failed password/g),
    ).toHaveLength(1)
    await connected(ann({ identityFiles: [sshd.identityFile], password: () => expect.fail('asked') }))
  })

  it('answers keyboard-interactive', async () => {
    const host = await Sshd.start({
      config: ['UsePAM yes', 'KbdInteractiveAuthentication yes', 'AuthenticationMethods keyboard-interactive'],
      setup: `useradd -m ann; printf 'ann:right\\n' | chpasswd`,
    })
    try {
      const target = host.target({ user: 'ann', identityFiles: [], become: { method: 'none' } })
      await connected({ ...target, identityFiles: [host.identityFile], password: async () => 'right' })
      expect(
        (await failure({ ...target, identityFiles: [host.identityFile], password: async () => 'wrong' })).trouble.why,
      ).toContain('keyboard-interactive')
    } finally {
      await host.stop()
    }
  })

  it('uses the agent, and offers only the named keys of a full one', async () => {
    const socket = join(sshd.dir, 'agent')
    const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' })
    try {
      while (!execFileSync('ls', [sshd.dir], { encoding: 'utf8' }).includes('agent'))
        await new Promise((resolve) => setTimeout(resolve, 20))
      for (let i = 0; i < 8; i++) {
        makeKey('ed25519', join(sshd.dir, `extra${i}`))
        execFileSync('ssh-add', ['-q', join(sshd.dir, `extra${i}`)], { env: { ...process.env, SSH_AUTH_SOCK: socket } })
      }
      execFileSync('ssh-add', ['-q', sshd.identityFile], { env: { ...process.env, SSH_AUTH_SOCK: socket } })
      // Eight wrong keys before the right one are more than sshd suffers.
      const named = join(sshd.dir, 'named')
      writeFileSync(`${named}.pub`, readFileSync(`${sshd.identityFile}.pub`))
      const all = await failure(sshd.target({ identityFiles: [], agent: socket }))
      expect(all.trouble.what).toMatch(/does not let|closed the connection|Too many/)
      const session = await connected(sshd.target({ identityFiles: [named], identitiesOnly: true, agent: socket }))
      expect(await session.run('true', LIMITS)).toMatchObject({ kind: 'exited' })
    } finally {
      agent.kill()
    }
  })

  it('tells what was tried when nothing worked', async () => {
    makeKey('ed25519', join(sshd.dir, 'stranger'))
    const error = await failure(
      sshd.target({ identityFiles: [join(sshd.dir, 'stranger'), '/no/key'], agent: '/no/agent' }),
    )
    expect(error).toMatchObject({
      name: 'UnreachableError',
      trouble: { what: expect.stringContaining('does not let root in') as string },
    })
    expect(error.trouble.why).toMatch(
      /agent at \/no\/agent \(.*\); .*stranger \(SHA256:.*\); \/no\/key \(no such file\); the host accepts: publickey/,
    )
  })
})

describe('ways to a host', () => {
  const relay = `const s = require('net').connect(+process.argv[1], '127.0.0.1'); process.stdin.pipe(s); s.pipe(process.stdout); s.on('close', () => process.exit())`

  it.each<[string, (port: number) => string | string[]]>([
    ['words', (port) => [process.execPath, '-e', relay, String(port)]],
    ['a line for sh', (port) => `'${process.execPath}' -e "${relay}" ${port}`],
  ])('go through a proxy command given as %s, which ends with the session', async (_name, command) => {
    const session = await connected(sshd.target({ proxyCommand: command(sshd.port), port: 1 }))
    expect(await session.run('printf x', LIMITS)).toMatchObject({ kind: 'exited', sections: [{ text: 'x' }] })
    await session.close()
    await expect
      .poll(() =>
        execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).includes("require('net').connect(+process.argv[1]"),
      )
      .toBe(false)
  })

  it('say what a broken proxy command said', async () => {
    const error = await failure(sshd.target({ proxyCommand: 'sh -c "echo no route to proxy >&2; exit 7"' }))
    expect(error.trouble.why).toContain('exit code 7: no route to proxy')
    expect((await failure(sshd.target({ proxyCommand: ['/no/such/program'] }))).trouble.why).toMatch(/ENOENT/)
  })

  it('go through jump hosts, each verified by its own name', async () => {
    const middle = await Sshd.start()
    try {
      const first = middle.target({ name: 'first' })
      const second = sshd.target({ name: 'second' })
      const session = await connected(sshd.target({ jumps: [first, second] }))
      expect(await session.run('printf x', LIMITS)).toMatchObject({ kind: 'exited', sections: [{ text: 'x' }] })
      expect((await failure(sshd.target({ jumps: [{ ...first, hostKeys: ['SHA256:no'] }] }))).trouble.where).toBe(
        'first',
      )
      expect(
        (await failure(sshd.target({ jumps: [first, { ...second, hostKeys: ['SHA256:no'] }] }))).trouble.where,
      ).toBe('second')
      expect((await failure(sshd.target({ jumps: [first], hostKeys: ['SHA256:no'] }))).trouble.where).toBe('host')
      const closed = await failure(sshd.target({ jumps: [first], port: 1 }))
      expect(closed.trouble.what).toMatch(/jump host cannot open a connection to host at 127.0.0.1:1/)
    } finally {
      await middle.stop()
    }
  })

  it('share one connection to a jump host, which ends with the last of them', async () => {
    const middle = await Sshd.start()
    try {
      const connect = connector((name) => sshd.target({ name, jumps: [middle.target()] }))
      const all = await Promise.all(Array.from({ length: 12 }, (_, i) => connect(`h${i}`, never)))
      await Promise.all(all.map((session) => session.run('true', LIMITS)))
      expect(middle.log().match(/Accepted publickey/g)).toHaveLength(1)
      await Promise.all(all.map((session) => session.close()))
      await expect.poll(() => middle.log().match(/Disconnected from user/g)?.length).toBe(1)
    } finally {
      await middle.stop()
    }
  })

  it('are not lost with the one who asked for the jump host first, and went', async () => {
    const middle = await Sshd.start()
    try {
      const connect = connector((name) => sshd.target({ name, jumps: [middle.target()] }))
      const gone = new AbortController()
      const [first, second] = [connect('a', gone.signal), connect('b', never)]
      gone.abort(new Error('went'))
      await expect(first).rejects.toThrow('went')
      sessions.push(await second)
      expect(await sessions[0]?.run('true', LIMITS)).toMatchObject({ kind: 'exited' })
    } finally {
      await middle.stop()
    }
  })

  it('come back through the jump host when that was cut', async () => {
    const middle = await Sshd.start()
    const proxy = await FaultProxy.start(middle.port)
    try {
      const session = await connected(sshd.target({ jumps: [middle.target({ port: proxy.port, name: 'middle' })] }))
      const outcome = await session.supervise(
        { run: 'jump', name: 'cut', script: 'mark a; printf x; sleep 2; printf y' },
        {
          ...LIMITS,
          onText: (_mark, text) => text === 'x' && proxy.breakNow('rst'),
        },
      )
      expect(outcome).toMatchObject({ kind: 'exited', code: 0, sections: [{ text: 'xy' }] })
    } finally {
      await proxy.stop()
      await middle.stop()
    }
  })
})

describe('a host that is hard to reach', () => {
  it('gets its connections eight at a time, and drops none', async () => {
    const host = await Sshd.start({ config: ['MaxStartups 10:100:10'] })
    try {
      const connect = connector((name) => host.target({ name }))
      const all = await Promise.all(Array.from({ length: 40 }, (_, i) => connect(`h${i}`, never)))
      sessions.push(...all)
      expect(host.log()).not.toMatch(/drop connection/)
    } finally {
      await host.stop()
    }
  })

  it('is asked again when it closes before it proved who it is', async () => {
    const host = await Sshd.start()
    const proxy = await FaultProxy.start(host.port)
    try {
      proxy.breakNext({ kind: 'rst', afterBytes: 30 })
      await connected(host.target({ port: proxy.port }))
      expect(proxy.accepted).toBe(2)
    } finally {
      await proxy.stop()
      await host.stop()
    }
  })

  it.each([
    ['says nothing', '', /too slow: the key exchange took longer than 0.5 s/],
    [
      'is no SSH server',
      'HTTP/1.1 400 Bad Request\r\n\r\n',
      /answers with "HTTP\/1.1 400 Bad Request" instead of an SSH banner/,
    ],
    ['penalises us', 'Not allowed at this time\r\n', /turns this address away/],
  ])('that %s is given up in time', async (_name, banner, what) => {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      if (banner === '') socket.resume()
      else socket.end(banner)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const error = await failure(sshd.target({ port, connectTimeoutMs: 500 }))
    expect(error.trouble.what).toMatch(what)
    server.close()
  })

  it('is let go at once when we are told to stop', async () => {
    const server = createServer(() => {})
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const stop = AbortSignal.timeout(200)
    await expect(connector(() => sshd.target({ port }))('host', stop)).rejects.toThrow(/abort|timeout/i)
    server.close()
  })

  it('that went silent is noticed while idle, in three intervals', async () => {
    const proxy = await FaultProxy.start(sshd.port)
    try {
      const session = await connected(sshd.target({ port: proxy.port, keepAliveMs: 300 }))
      await session.run('true', LIMITS)
      proxy.breakNow('stall')
      const startedMs = performance.now()
      expect(await session.run('sleep 60', LIMITS)).toMatchObject({ kind: 'lost', reason: 'no sign of life for 0.9 s' })
      expect(performance.now() - startedMs).toBeLessThan(10_000)
    } finally {
      await proxy.stop()
    }
  })

  it('is not taken for dead while a script is quiet', async () => {
    const session = await connected(sshd.target({ keepAliveMs: 200 }))
    expect(await session.run('sleep 3; printf x', LIMITS)).toMatchObject({ kind: 'exited', sections: [{ text: 'x' }] })
  })
})
