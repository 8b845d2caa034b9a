import { createHash, randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Outcome, Session } from '../../../src/core/host.ts'
import { connector } from '../../../src/transport/connect.ts'
import { PREREQUISITES } from '../../../src/transport/script.ts'
import { FaultProxy } from '../../support/fault-proxy.ts'
import { Sshd } from '../../support/sshd.ts'

/** A host on which every program is busybox (but flock, which Debian's busybox lacks): no GNU option, no bash. */
const BUSYBOX = `
root=/run/bb
mkdir -p $root/bin $root/proc $root/run $root/tmp $root/etc $root/var/lib $root/dev
for program in busybox flock; do
  cp "$(command -v $program)" $root/bin/$program
  for lib in $(ldd "$(command -v $program)" | grep -o '/[^ ]*'); do mkdir -p "$root\${lib%/*}"; cp "$lib" "$root$lib"; done
done
for applet in $(busybox --list); do [ -e "$root/bin/$applet" ] || ln -s busybox "$root/bin/$applet"; done
mount -t proc proc $root/proc
: >$root/dev/null; mount --bind /dev/null $root/dev/null
useradd -o -u 0 -g 0 -d / -s /bin/sh bb
printf 'root:x:0:0::/:/bin/sh\\n' >$root/etc/passwd
usermod -p '*' bb
`

const never = new AbortController().signal
const LIMITS = { deadlineMs: 60_000 }
let sshd: Sshd
let proxy: FaultProxy
let session: Session

beforeAll(async () => {
  sshd = await Sshd.start({ config: ['ChrootDirectory /run/bb'], setup: BUSYBOX })
  proxy = await FaultProxy.start(sshd.port)
  session = await connected(sshd.port)
})
afterAll(async () => {
  await session.close()
  await proxy.stop()
  await sshd.stop()
})

const connected = (port: number): Promise<Session> =>
  connector(() => sshd.target({ user: 'bb', port, keepAliveMs: 500 }))('bb', never)
const textOf = (outcome: Outcome): string =>
  'sections' in outcome ? outcome.sections.map(({ text }) => text).join('') : JSON.stringify(outcome)

describe('a host that is nothing but busybox', () => {
  it('has what we ask for', async () => {
    expect(
      await session.run('mark a; readlink /proc/$$/exe; tail --help 2>&1 | grep -c -- --pid', LIMITS),
    ).toMatchObject({
      kind: 'exited',
      sections: [{ mark: ['a'], text: '/bin/busybox\n0\n' }],
    })
    expect(PREREQUISITES).toContain('flock')
  })

  it('can be locked, and only once', async () => {
    const holder = { run: 'bb', who: 'me@desk', command: 'up', since: 'now' }
    await session.lock(holder)
    const other = await connected(sshd.port)
    await expect(other.lock({ ...holder, run: 'other' })).rejects.toThrow(/me@desk/)
    await other.close()
  })

  it('takes blobs', async () => {
    const bytes = randomBytes(2_000_000)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const blob = {
      sha256,
      size: bytes.length,
      secret: false,
      name: 'blob',
      open: async function* () {
        yield bytes
      },
    }
    expect(await session.upload('bb', [blob], LIMITS)).toMatchObject({ kind: 'exited', code: 0 })
    expect(readFileSync(sshd.path(`/run/bb/var/lib/provision/blobs/${sha256}`)).equals(bytes)).toBe(true)
    const wrong = { ...blob, sha256: 'b'.repeat(64), secret: true }
    expect(await session.upload('bb', [wrong], LIMITS)).toMatchObject({ kind: 'exited', code: 65 })
  })

  it('runs jobs, live, with scripts larger than any buffer', async () => {
    const heard: string[] = []
    const script = `: ${'x'.repeat(300_000)}\nmark a; printf one; sleep 1; printf two; printf err >&2; exit 3`
    const outcome = await session.supervise(
      { run: 'bb', name: 'live', script },
      { ...LIMITS, onText: (_mark, text) => heard.push(text) },
    )
    expect(outcome).toMatchObject({ kind: 'exited', code: 3, sections: [{ text: 'onetwo' }], stderr: 'err' })
    expect(heard[0]).toBe('one')
    expect(await session.supervise({ run: 'bb', name: 'good', script: 'true' }, LIMITS)).toMatchObject({
      kind: 'exited',
      code: 0,
    })
    await expect
      .poll(() => readdirSync(sshd.path('/run/bb/run/provision/bb')))
      .toEqual(expect.not.arrayContaining(['good']))
  })

  it('gives a job back after a cut', async () => {
    const cut = await connected(proxy.port)
    const outcome = await cut.supervise(
      { run: 'bb', name: 'cut', script: 'mark a; printf x; sleep 2; printf y; exit 4' },
      {
        ...LIMITS,
        onText: (_mark, text) => text === 'x' && proxy.breakNow('rst'),
      },
    )
    expect(outcome).toMatchObject({ kind: 'exited', code: 4, sections: [{ text: 'xy' }] })
    await cut.close()
  })

  it('stops a job at its deadline', async () => {
    const outcome = await session.supervise(
      { run: 'bb', name: 'long', script: 'mark a; sleep 4716' },
      { deadlineMs: 1500 },
    )
    expect(outcome).toMatchObject({ kind: 'deadline', sent: true })
    expect(await session.run('mark a; exec sleep 4717', { deadlineMs: 1500 })).toMatchObject({
      kind: 'deadline',
      sent: true,
    })
    expect(textOf(await session.run(`cat /proc/[0-9]*/cmdline | tr '\\0' ' '`, LIMITS))).not.toMatch(/sleep 471[67] /)
  })
})
