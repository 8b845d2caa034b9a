import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Session } from '../../../src/core/host.ts'
import { connector } from '../../../src/transport/connect.ts'
import type { Become } from '../../../src/transport/target.ts'
import { Sshd } from '../../support/sshd.ts'

const never = new AbortController().signal
const LIMITS = { deadlineMs: 60_000 }
const PASSWORD = `canary "quoted' $(pw) é`
let sshd: Sshd
const sessions: Session[] = []

/** Users are named for what sudo does with them. */
const SETUP = `
for u in free asks nobody2 teletype some lecture; do useradd -m "$u"; printf '%s:%s\\n' "$u" 'canary "quoted'"'"' $(pw) é' | chpasswd; done
cat >/etc/sudoers.d/cases <<'E'
Defaults:lecture lecture=always
Defaults:teletype requiretty
Defaults logfile=/run/sudo.log
free ALL=(ALL:ALL) NOPASSWD: ALL
asks ALL=(ALL:ALL) ALL
teletype ALL=(ALL:ALL) NOPASSWD: ALL
some ALL=(ALL:ALL) NOPASSWD: /usr/bin/true
lecture ALL=(ALL:ALL) ALL
E
chmod 440 /etc/sudoers.d/cases
`

beforeAll(async () => {
  sshd = await Sshd.start({ setup: SETUP })
})
afterEach(async () => {
  await Promise.all(sessions.splice(0).map((session) => session.close()))
})
afterAll(async () => sshd.stop())

const auto: Become = { method: 'auto' }
const withPassword = (password = PASSWORD): Become => ({ method: 'auto', password: async () => password })

async function connected(user: string, become: Become, host = sshd): Promise<Session> {
  const session = await connector(() => host.target({ user, become }))('host', never)
  sessions.push(session)
  return session
}

const sudoLog = (): string =>
  existsSync(sshd.path('/run/sudo.log')) ? readFileSync(sshd.path('/run/sudo.log'), 'utf8') : ''

describe('becoming root', () => {
  it.each<[string, Become, Session['peer']['become'], number]>([
    ['root', auto, 'root', 3],
    ['root', withPassword(), 'root', 3],
    ['free', auto, 'sudo', 3],
    ['free', withPassword('not even asked for'), 'sudo', 4],
    ['asks', withPassword(), 'sudo with password', 5],
    ['lecture', withPassword(), 'sudo with password', 5],
    ['free', { method: 'sudo' }, 'sudo', 3],
  ])('as %s with %j is %s', async (user, become, method, roundTrips) => {
    const session = await connected(user, become)
    const before = sshd.sessions()
    expect(await session.run('mark a; id -u; printf oops >&2', LIMITS)).toEqual({
      kind: 'exited',
      code: 0,
      sections: [{ mark: ['a'], text: '0\n', droppedBytes: 0 }],
      stderr: 'oops',
    })
    expect(session.peer.become).toBe(method)
    expect(session.counters.roundTrips).toBe(roundTrips)
    expect(sshd.sessions() - before).toBe(1)
    // What was found out is used from then on.
    expect(await session.run('cat; id -u', LIMITS)).toMatchObject({ kind: 'exited', sections: [{ text: '0\n' }] })
    expect(sshd.sessions() - before).toBe(2)
  })

  it('works for jobs, uploads and the lock alike', async () => {
    const session = await connected('asks', withPassword())
    await session.lock({ run: 'sudo', who: 'me', command: 'up', since: 'now' })
    expect(await session.supervise({ run: 'sudo', name: 'job', script: 'id -u; exit 3' }, LIMITS)).toMatchObject({
      kind: 'exited',
      code: 3,
      sections: [{ text: '0\n' }],
    })
    const bytes = Buffer.from('x')
    const sha256 = '2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881'
    expect(
      await session.upload(
        'sudo',
        [
          {
            sha256,
            size: 1,
            secret: true,
            name: 'x',
            open: async function* () {
              yield bytes
            },
          },
        ],
        LIMITS,
      ),
    ).toMatchObject({ kind: 'exited', code: 0 })
  })

  it('carries large scripts and answers through sudo, and ends them in time', async () => {
    const session = await connected('free', auto)
    const script = `: ${'x'.repeat(2_000_000)}\nmark a; head -c 3000000 /dev/zero | tr '\\0' y`
    const outcome = await session.run(script, { ...LIMITS, capBytes: 4_000_000 })
    expect(outcome).toMatchObject({ kind: 'exited', sections: [{ text: 'y'.repeat(3_000_000) }] })
    expect(await session.run('mark a; sleep 4718', { deadlineMs: 1500 })).toMatchObject({
      kind: 'deadline',
      sent: true,
    })
    const left = await session.run(`cat /proc/[0-9]*/cmdline | tr '\\0' ' '`, LIMITS)
    expect(JSON.stringify(left)).not.toContain('sleep 4718 ')
  })

  it.each<[string, string, Become, { what: RegExp; fix: RegExp }]>([
    [
      'no password configured',
      'asks',
      auto,
      { what: /sudo asks for the password of asks, and none is configured/, fix: /NOPASSWD/ },
    ],
    [
      'a wrong password',
      'asks',
      withPassword('wrong'),
      { what: /does not accept the password of asks/, fix: /become password/ },
    ],
    [
      'an empty password',
      'asks',
      withPassword(''),
      { what: /does not accept the password of asks/, fix: /become password/ },
    ],
    ['nobody in sudoers', 'nobody2', withPassword(), { what: /nobody2 may not run scripts as root/, fix: /visudo/ }],
    ['requiretty', 'teletype', auto, { what: /sudo wants a terminal/, fix: /!requiretty/ }],
    ['single commands only', 'some', withPassword(), { what: /some may not run scripts as root/, fix: /visudo/ }],
    [
      'not root and no sudo wanted',
      'free',
      { method: 'none' },
      { what: /uid \d+ instead of as root/, fix: /become: none/ },
    ],
    ['a newline in the password', 'asks', withPassword('a\nb'), { what: /contains a newline/, fix: /secret/ }],
  ])('says what is wrong: %s', async (_name, user, become, { what, fix }) => {
    const session = await connected(user, become)
    await expect(session.run('id', LIMITS)).rejects.toMatchObject({
      name: 'UnreachableError',
      trouble: { what: expect.stringMatching(what) as string, fix: expect.stringMatching(fix) as string },
    })
  })

  it('tries a wrong password once, and never shows sudo a line of the script', async () => {
    const before = sudoLog()
    const session = await connected('asks', withPassword('wrong'))
    await expect(session.run('printf canary-script', LIMITS)).rejects.toThrow(/password/)
    const news = sudoLog().slice(before.length)
    expect(news.match(/incorrect password attempt/g)).toHaveLength(1)
    expect(news).toMatch(/1\s+incorrect password attempt/)
  })

  it('sends a password again although sudo no longer asks, and it does not become script', async () => {
    const host = await Sshd.start({ setup: SETUP })
    try {
      const session = await connected('asks', withPassword(), host)
      await session.run('true', LIMITS)
      expect(session.peer.become).toBe('sudo with password')
      await session.run(
        `printf 'asks ALL=(ALL:ALL) NOPASSWD: ALL\\n' >/etc/sudoers.d/zz; chmod 440 /etc/sudoers.d/zz`,
        LIMITS,
      )
      expect(await session.run('printf clean', LIMITS)).toMatchObject({
        kind: 'exited',
        stderr: '',
        sections: [{ text: 'clean' }],
      })
    } finally {
      await host.stop()
    }
  })

  it('says that there is no sudo', async () => {
    const host = await Sshd.start({ setup: `${SETUP}\nmount --bind /dev/null "$(command -v sudo)"` })
    try {
      const session = await connected('free', auto, host)
      await expect(session.run('true', LIMITS)).rejects.toThrow(/the host has no sudo/)
    } finally {
      await host.stop()
    }
  })

  it('leaves the password nowhere: not in argv, environment, log, or a file', async () => {
    const session = await connected('asks', withPassword())
    const outcome = await session.run(
      `sleep 0.2; for p in /proc/[0-9]*; do tr '\\0' '\\n' <$p/cmdline; tr '\\0' '\\n' <$p/environ; done 2>/dev/null; find /run /tmp /var/tmp -xdev -type f -size -200k -newer /run/sudo.log -exec cat {} + 2>/dev/null; cat /run/sudo.log`,
      LIMITS,
    )
    expect(outcome).toMatchObject({ kind: 'exited' })
    expect(JSON.stringify(outcome)).not.toContain('canary')
    expect(sshd.log()).not.toContain('canary')
    for (const file of readdirSync(sshd.dir))
      if (file !== 'setup') expect(readFileSync(join(sshd.dir, file), 'utf8')).not.toContain('canary')
  })
})
