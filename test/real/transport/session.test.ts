import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Outcome, Session } from '../../../src/core/host.ts'
import { quote } from '../../../src/core/quote.ts'
import { connector } from '../../../src/transport/connect.ts'
import { FaultProxy } from '../../support/fault-proxy.ts'
import { makeKey, Sshd } from '../../support/sshd.ts'
import { sshdSessions } from '../../support/sshd-sessions.ts'

const never = new AbortController().signal
const LIMITS = { deadlineMs: 60_000 }
const { sshd, connected } = await sshdSessions()

const textOf = (outcome: Outcome): string =>
  'sections' in outcome ? outcome.sections.map(({ text }) => text).join('') : outcome.kind

describe('run', () => {
  it('returns records, exit code and stderr, and counts what it cost', async () => {
    const session = await connected()
    const before = sshd.sessions()
    const outcome = await session.run(`mark os name; uname -s; printf oops >&2; mark end; exit 7`, LIMITS)
    expect(outcome).toEqual({
      kind: 'exited',
      code: 7,
      sections: [
        { mark: ['os', 'name'], text: 'Linux\n', droppedBytes: 0 },
        { mark: ['end'], text: '', droppedBytes: 0 },
      ],
      stderr: 'oops',
    })
    expect(session.peer).toMatchObject({ become: 'root', hostKey: sshd.hostKey(), user: 'root' })
    expect(session.counters).toMatchObject({ channels: 1, roundTrips: 3, reconnects: 0 })
    expect(sshd.sessions() - before).toBe(1)
  })

  it('takes the round trips it counts, whatever the size of the answer', async () => {
    const proxy = await FaultProxy.start(sshd.port)
    try {
      const session = await connected(sshd.target({ port: proxy.port }))
      for (const lines of [1, 1000]) {
        const [turns, counted] = [proxy.turns, session.counters.roundTrips]
        await session.run(
          `i=0; while [ $i -lt ${lines} ]; do mark probe $i; printf 'answer\\n'; i=$((i + 1)); done`,
          LIMITS,
        )
        expect(session.counters.roundTrips - counted).toBe(3)
        // One more turn closes the channel; nobody waits for it.
        expect(proxy.turns - turns).toBeLessThanOrEqual(4)
      }
    } finally {
      await proxy.stop()
    }
  })

  it('leaves nothing on the host', async () => {
    const session = await connected()
    await session.run('true', LIMITS)
    expect(readdirSync(sshd.path('/run'))).not.toContain('provision')
  })

  it.each([
    ['a syntax error', 'if then', 2],
    ['an open quote', `printf 'x`, 2],
    ['exit inside', 'exit 9', 9],
    ['a missing command', 'no-such-command-here', 127],
    ['cd and exec', 'cd /proc && exec false', 1],
    ['nothing', '', 0],
    ['a here-document', 'cat <<E\nx\nE', 0],
    ['killing itself', 'kill -9 $(sh -c "echo \\$PPID")', 137],
  ])('contains %s', async (_name, script, code) => {
    expect(await (await connected()).run(script, LIMITS)).toMatchObject({ kind: 'exited', code })
  })

  it('gives children no stdin, so that none can eat the script', async () => {
    const outcome = await (await connected()).run(
      `cat; read -r x; ssh -V </dev/stdin 2>/dev/null; mark after; printf done`,
      LIMITS,
    )
    expect(textOf(outcome)).toBe('done')
  })

  it('starts from a known state', async () => {
    const session = await connected()
    const outcome = await session.run('pwd; umask; locale 2>/dev/null | grep LC_ALL; printf "%s" "$PATH"', LIMITS)
    expect(textOf(outcome)).toBe('/\n0077\nLC_ALL=C\n/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin')
  })

  it('keeps the script out of the process list and of the environment', async () => {
    const session = await connected()
    const outcome = await session.run(
      `secret=canary-4711; tr '\\0' '\\n' </proc/self/environ; cat /proc/[0-9]*/cmdline`,
      LIMITS,
    )
    expect(textOf(outcome)).toContain('sshd')
    expect(textOf(outcome)).not.toContain('canary-4711')
  })

  it('ends a script on the host when its time is over', async () => {
    const session = await connected()
    const marker = `sleep 4711`
    expect(await session.run(`mark a; printf x; ${marker}`, { deadlineMs: 1500 })).toMatchObject({
      kind: 'deadline',
      sent: true,
      sections: [{ text: 'x' }],
    })
    expect(textOf(await session.run(`cat /proc/[0-9]*/cmdline | tr '\\0' ' '`, LIMITS))).not.toContain('sleep 4711 ')
  })

  it('carries a script of 4 MiB, and 30 MiB back under a cap', async () => {
    const session = await connected()
    const big = await session.run(`: ${quote('x'.repeat(4 * 1024 * 1024))}\nprintf done`, LIMITS)
    expect(textOf(big)).toBe('done')
    const back = await session.run('mark a; head -c 31457280 /dev/zero | tr "\\0" x; mark b; printf end', {
      ...LIMITS,
      capBytes: 1000,
    })
    expect(back).toMatchObject({ kind: 'exited', sections: [{ droppedBytes: 31_457_280 - 1000 }, { text: 'end' }] })
  })

  it('runs several scripts at once', async () => {
    const session = await connected()
    const outcomes = await Promise.all(
      Array.from({ length: 12 }, (_, i) => session.run(`sleep 0.3; printf ${i}`, LIMITS)),
    )
    expect(outcomes.map(textOf)).toEqual(Array.from({ length: 12 }, (_, i) => String(i)))
  })
})

/** Strings that have broken somebody's quoting. */
const HOSTILE = [
  '',
  ' ',
  "'",
  "''",
  `a'; touch /tmp/provision-owned #`,
  '"$(touch /tmp/provision-owned)"',
  '`id`',
  '$HOME $$ $?',
  `$\{PATH}`,
  '-n',
  '--',
  '-rf /',
  '\\',
  '\\n\\0\\c\\x41',
  '*',
  '~root',
  '%s%n%d',
  '!!',
  'line one\nline two\n',
  '\n',
  '\ttab\r\n',
  '\u001b]0;title\u0007',
  'žluťoučký kůň 💥 \u202e\u0000'.replace('\0', ''),
  '# not a comment',
  'a;b|c&d<e>f(g)h{i}j[k]',
  'x'.repeat(1024 * 1024),
]

describe.each(['dash', 'bash', 'busybox'])('values through %s as the host’s sh', (shell) => {
  let host: Sshd
  let session: Session

  beforeAll(async () => {
    // The login shell finds this `sh` first; everything of ours runs in it.
    const link = `mkdir /run/shell; ln -s "$(command -v ${shell})" /run/shell/sh`
    host = await Sshd.start({ setup: link, config: ['SetEnv PATH=/run/shell:/usr/sbin:/usr/bin:/sbin:/bin'] })
    // A second SetEnv would be ignored: the home folder without start-up files is lost, and not needed for these.
    session = await connector(() => host.target())('host', never)
  })
  afterAll(async () => {
    await session.close()
    await host.stop()
  })

  it('is really that shell', async () => {
    expect(textOf(await session.run('readlink /proc/$$/exe', LIMITS))).toContain(shell)
  })

  it('arrive byte for byte', async () => {
    const script = HOSTILE.map((value, i) => `mark value ${i}; printf %s ${quote(value)}`).join('\n')
    const outcome = await session.run(script, { ...LIMITS, capBytes: 4 * 1024 * 1024 })
    expect(outcome).toMatchObject({ kind: 'exited', code: 0, stderr: '' })
    expect('sections' in outcome && outcome.sections.map(({ text }) => text)).toEqual(HOSTILE)
  })

  it('arrive byte for byte, whatever they are', async () => {
    const anything = fc.string({ unit: 'binary' }).filter((text) => !text.includes('\0'))
    const nasty = fc.string({
      unit: fc.constantFrom("'", '"', '\\', '$', '`', '\n', ' ', '(', ')', '-', '#', 'é', '\u00a0'),
    })
    const values = fc
      .sample(fc.oneof(anything, nasty), { numRuns: 3400, seed: 4711 })
      .map((text) => Buffer.from(text).toString())
    const script = values.map((value, i) => `mark v ${i}; printf %s ${quote(value)}`).join('\n')
    const outcome = await session.run(script, LIMITS)
    expect('sections' in outcome && outcome.sections.map(({ text }) => text)).toEqual(values)
  })
})

describe('login noise', () => {
  it('is ignored: banner, message of the day, a chatty .bashrc, a command that eats nothing', async () => {
    const noisy = await Sshd.start({
      config: ['Banner /run/banner', 'PrintMotd yes'],
      setup: 'echo BANNER >/run/banner; echo MOTD >/etc/motd',
    })
    try {
      writeFileSync(join(noisy.dir, '.bashrc'), `echo "noise before"; printf 'no newline'; echo noise >&2\n`)
      const session = await connected(noisy.target())
      expect(await session.run('mark a; printf clean', LIMITS)).toMatchObject({
        kind: 'exited',
        sections: [{ mark: ['a'], text: 'clean' }],
      })
    } finally {
      await noisy.stop()
    }
  })

  it.each([
    ['/usr/sbin/nologin', /not available/],
    ['/bin/false', /said nothing/],
    ['/usr/bin/rbash', /restricted/],
    ['/run/greeter', /Welcome to the menu/],
  ])('says what the login shell %s said', async (shell, said) => {
    const setup = `printf '#!/bin/sh\\necho Welcome to the menu\\n' >/run/greeter; chmod 755 /run/greeter; useradd -m -p '*' -s ${shell} odd`
    const host = await Sshd.start({ setup })
    try {
      const session = await connected(host.target({ user: 'odd' }))
      await expect(session.run('true', LIMITS)).rejects.toMatchObject({
        name: 'UnreachableError',
        trouble: { why: expect.stringMatching(said) as string },
      })
    } finally {
      await host.stop()
    }
  })

  it('does not hide a forced command', async () => {
    const host = await Sshd.start({ config: ['ForceCommand echo only this'] })
    try {
      const session = await connected(host.target())
      await expect(session.run('true', LIMITS)).rejects.toMatchObject({
        trouble: { why: expect.stringContaining('only this') as string },
      })
    } finally {
      await host.stop()
    }
  })
})

describe('a host that lacks something', () => {
  it('says that there is no sh', async () => {
    const host = await Sshd.start({ setup: 'mount --bind /dev/null "$(readlink -f /bin/sh)"' })
    try {
      const session = await connected(host.target())
      await expect(session.run('true', LIMITS)).rejects.toMatchObject({
        trouble: {
          what: expect.stringContaining('did not start a POSIX shell') as string,
          why: expect.stringContaining('sh: ') as string,
        },
      })
    } finally {
      await host.stop()
    }
  })

  it('names every missing tool at once', async () => {
    const hide = 'for t in flock base64; do mount --bind /dev/null "$(command -v $t)"; done; '
    const host = await Sshd.start({ setup: hide })
    try {
      const session = await connected(host.target())
      await expect(session.run('true', LIMITS)).rejects.toMatchObject({
        trouble: { what: expect.stringMatching(/the host lacks base64, flock$/) as string, where: 'host' },
      })
    } finally {
      await host.stop()
    }
  })
})

describe('host keys and logins', () => {
  it('takes the recorded key type, although the host has a better one', async () => {
    const host = await Sshd.start({ hostKeys: ['rsa', 'ecdsa', 'ed25519'] })
    try {
      const file = join(host.dir, 'known_hosts')
      for (const type of ['rsa', 'ecdsa', 'ed25519']) {
        writeFileSync(file, `[127.0.0.1]:${host.port} ${host.publicHostKey(type)}\n`)
        const session = await connected(host.target({ hostKeys: [], knownHostsFiles: [file] }))
        expect(session.peer.hostKey).toBe(host.hostKey(type))
        const pinned = await connected(host.target({ hostKeys: [host.hostKey(type)] }))
        expect(pinned.peer.hostKey).toBe(host.hostKey(type))
      }
    } finally {
      await host.stop()
    }
  })

  it('records a new key once, and never rewrites a changed one', async () => {
    const file = join(sshd.dir, 'recorded')
    const target = sshd.target({ hostKeys: [], knownHostsFiles: [file], hostKeyPolicy: 'accept-new' })
    await connected(target)
    await connected(target)
    const recorded = readFileSync(file, 'utf8')
    expect(recorded).toBe(`[127.0.0.1]:${sshd.port} ${sshd.publicHostKey()}\n`)
    makeKey('ed25519', join(sshd.dir, 'other'))
    const other = readFileSync(join(sshd.dir, 'other.pub'), 'utf8').split(' ').slice(0, 2).join(' ')
    writeFileSync(file, `\n[127.0.0.1]:${sshd.port} ${other}\n`)
    await expect(connected(target)).rejects.toMatchObject({
      trouble: { what: expect.stringContaining(sshd.hostKey()) as string, where: `${file}:2` },
    })
    expect(readFileSync(file, 'utf8')).toContain(other)
  })

  it('asks one question at a time, and each host once', async () => {
    const file = join(sshd.dir, 'asked')
    let asking = 0
    let asked = 0
    const askHostKey = async () => {
      asked++
      expect(++asking).toBe(1)
      await new Promise((resolve) => setTimeout(resolve, 50))
      asking--
      return true
    }
    const connect = connector(() => sshd.target({ hostKeys: [], knownHostsFiles: [file], hostKeyPolicy: 'ask' }), {
      askHostKey,
    })
    const sessions = await Promise.all(['a', 'b', 'c'].map((name) => connect(name, never)))
    await Promise.all(sessions.map((session) => session.close()))
    expect(asked).toBe(1)
  })

  it('opens an encrypted key with its passphrase, and says when that is wrong', async () => {
    const file = join(sshd.dir, 'locked')
    makeKey('ed25519', file, 'open sesame')
    writeFileSync(
      `${sshd.identityFile}.pub`,
      `${readFileSync(`${sshd.identityFile}.pub`, 'utf8')}${readFileSync(`${file}.pub`, 'utf8')}`,
    )
    await connected(sshd.target({ identityFiles: [file], passphrase: async () => 'open sesame' }))
    const why = (text: string) => ({ trouble: { why: expect.stringContaining(text) as string } })
    await expect(
      connected(sshd.target({ identityFiles: [file], passphrase: async () => 'wrong' })),
    ).rejects.toMatchObject(why('does not open it'))
    await expect(connected(sshd.target({ identityFiles: [file] }))).rejects.toMatchObject(
      why('no passphrase is configured'),
    )
    await expect(connected(sshd.target({ identityFiles: ['/nowhere/id'] }))).rejects.toMatchObject(
      why('/nowhere/id (no such file)'),
    )
  })
})
