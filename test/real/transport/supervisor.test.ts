import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Outcome, Session } from '../../../src/core/host.ts'
import { connector } from '../../../src/transport/connect.ts'
import { FaultProxy } from '../../support/fault-proxy.ts'
import { Sshd } from '../../support/sshd.ts'

const never = new AbortController().signal
const LIMITS = { deadlineMs: 120_000 }
let sshd: Sshd
let proxy: FaultProxy
let runs = 0
const sessions: Session[] = []
const children: ChildProcess[] = []

beforeAll(async () => {
  sshd = await Sshd.start()
  proxy = await FaultProxy.start(sshd.port)
})
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  await Promise.all(sessions.splice(0).map((session) => session.close()))
})
afterAll(async () => {
  await proxy.stop()
  await sshd.stop()
})

const nextRun = (): string => `run-${++runs}`
const journal = (run: string, job: string): string => sshd.path(`/run/provision/${run}/${job}`)

async function connected(target = sshd.target()): Promise<Session> {
  const session = await connector(() => target)('host', never)
  sessions.push(session)
  return session
}

/** Counts its own starts, and writes a known stream slowly enough to be cut. */
const counting = (run: string, lines: number, pause = ''): string => `
printf 'started\\n' >>/run/starts-${run}
i=0; while [ $i -lt ${lines} ]; do
  [ $((i % 100)) = 0 ] && mark part $i
  printf 'line %s of the žluťoučký job\\n' $i; i=$((i + 1)); ${pause}
done
printf 'warning' >&2
exit 5`

const expectedText = (lines: number): string =>
  Array.from({ length: lines }, (_, i) => `line ${i} of the žluťoučký job\n`).join('')
const textOf = (outcome: Outcome): string =>
  'sections' in outcome ? outcome.sections.map(({ text }) => text).join('') : ''
const starts = (run: string): number => readFileSync(sshd.path(`/run/starts-${run}`), 'utf8').split('\n').length - 1

describe('supervise', () => {
  it('returns what run would, live', async () => {
    const session = await connected()
    const heard: string[] = []
    const script = `mark a; printf one; while [ ! -e /run/go ]; do sleep 0.05; done; mark b; printf two; printf err >&2; exit 3`
    const outcome = await session.supervise(
      { run: nextRun(), name: 'live', script },
      {
        ...LIMITS,
        onMark: (mark) => heard.push(mark.join(' ')),
        onText: (mark, text) => {
          heard.push(`${mark.join(' ')}: ${text}`)
          if (text === 'one') writeFileSync(sshd.path('/run/go'), '')
        },
      },
    )
    expect(outcome).toEqual({
      kind: 'exited',
      code: 3,
      sections: [
        { mark: ['a'], text: 'one', droppedBytes: 0 },
        { mark: ['b'], text: 'two', droppedBytes: 0 },
      ],
      stderr: 'err',
    })
    expect(heard).toEqual(['a', 'a: one', 'b', 'b: two'])
    expect(session.counters).toMatchObject({ channels: 1, roundTrips: 3 })
  })

  it('keeps the journal of a failed job, root’s alone, and removes that of a good one', async () => {
    const session = await connected()
    const run = nextRun()
    await session.supervise({ run, name: 'bad', script: 'exit 1' }, LIMITS)
    await session.supervise({ run, name: 'good', script: 'exit 0' }, LIMITS)
    await session.close()
    expect(readdirSync(journal(run, ''))).toEqual(['bad'])
    expect(readdirSync(journal(run, 'bad')).sort()).toEqual(['err', 'exit', 'lock', 'nonce', 'out', 'script', 'start'])
    for (const file of readdirSync(journal(run, 'bad')))
      expect(statSync(join(journal(run, 'bad'), file)).mode & 0o077).toBe(0)
    expect(statSync(journal(run, 'bad')).mode & 0o777).toBe(0o700)
  })

  it('never starts a job of the same name again', async () => {
    const session = await connected()
    const run = nextRun()
    const job = { run, name: 'once', script: counting(run, 3) }
    const first = await session.supervise(job, LIMITS)
    const again = await session.supervise({ ...job, script: 'printf other' }, LIMITS)
    expect(again).toEqual(first)
    expect(starts(run)).toBe(1)
  })

  it('gives the job a session of its own, no stdin, and not its locks', async () => {
    const session = await connected()
    const script = `cat; ps -o sid= -p $$ | tr -d ' '; printf '%s\\n' "$$"; ls /proc/self/fd | tr '\\n' ' '`
    const outcome = await session.supervise({ run: nextRun(), name: 'alone', script }, LIMITS)
    const [sid, pid, descriptors] = textOf(outcome).split('\n')
    expect(sid).toBe(pid)
    expect(descriptors).toBe('0 1 2 3 ')
  })

  it('does not wait for a daemon the job left running', async () => {
    const session = await connected()
    const startedMs = performance.now()
    const outcome = await session.supervise(
      { run: nextRun(), name: 'daemon', script: 'mark a; sleep 600 & printf up' },
      LIMITS,
    )
    expect(outcome).toMatchObject({ kind: 'exited', code: 0, sections: [{ text: 'up' }] })
    expect(performance.now() - startedMs).toBeLessThan(30_000)
  })

  it.each(['deadline', 'abort'] as const)('ends the job and all it started at the %s', async (how) => {
    const session = await connected()
    const run = nextRun()
    const stop = new AbortController()
    const options =
      how === 'deadline' ? { deadlineMs: 3000 } : { ...LIMITS, signal: stop.signal, onText: () => stop.abort() }
    const script = `mark a; trap 'printf stopping; exit 9' TERM; printf x; sleep 4712 & sleep 4713; sleep 4714`
    const outcome = await session.supervise({ run, name: 'long', script }, options)
    expect(outcome).toMatchObject(
      how === 'deadline' ? { kind: 'deadline', sent: true, afterMs: 3000 } : { kind: 'signalled', signal: 'SIGTERM' },
    )
    expect(textOf(outcome)).toContain('x')
    const left = await session.run(`cat /proc/[0-9]*/cmdline | tr '\\0' ' '`, LIMITS)
    expect(textOf(left)).not.toMatch(/sleep 471[234] /)
  })

  it('stops a job that ignores SIGTERM', async () => {
    const session = await connected()
    const outcome = await session.supervise(
      { run: nextRun(), name: 'deaf', script: `trap '' TERM; mark a; while :; do sleep 4715; done` },
      { deadlineMs: 2000 },
    )
    expect(outcome).toMatchObject({ kind: 'deadline', sent: true })
    expect(textOf(await session.run(`cat /proc/[0-9]*/cmdline | tr '\\0' ' '`, LIMITS))).not.toContain('sleep 4715 ')
  })

  it('says that a job was killed on the host', async () => {
    const session = await connected()
    const outcome = await session.supervise(
      { run: nextRun(), name: 'murdered', script: `mark a; kill -KILL "-$$"` },
      LIMITS,
    )
    expect(outcome).toMatchObject({
      kind: 'lost',
      sent: true,
      reason: expect.stringContaining('killed on the host') as string,
    })
  })

  it('follows a journal without GNU tail', async () => {
    const plain = `mkdir -p /run/bin; printf '#!/bin/sh\\nexec busybox tail "$@"\\n' >/run/bin/tail; chmod 755 /run/bin/tail; mount --bind /run/bin/tail /usr/bin/tail`
    const host = await Sshd.start({ setup: plain })
    try {
      const session = await connected(host.target())
      const heard: string[] = []
      const script = `mark a; printf one; sleep 1; mark b; head -c 300000 /dev/zero | tr '\\0' x; exit 2`
      const outcome = await session.supervise(
        { run: nextRun(), name: 'plain', script },
        { ...LIMITS, onText: (_mark, text) => heard.push(text) },
      )
      expect(outcome).toMatchObject({
        kind: 'exited',
        code: 2,
        sections: [{ text: 'one' }, { text: 'x'.repeat(300_000) }],
      })
      expect(heard[0]).toBe('one')
    } finally {
      await host.stop()
    }
  })

  it('stops a job that fills the journal, and says so', async () => {
    const session = await connected()
    const outcome = await session.supervise({ run: nextRun(), name: 'flood', script: 'mark a; yes' }, LIMITS)
    expect(outcome).toMatchObject({
      kind: 'exited',
      code: 143,
      stderr: expect.stringContaining('wrote more than 256 MiB') as string,
    })
  })

  it('refuses a journal folder somebody else prepared', async () => {
    const host = await Sshd.start({ setup: 'ln -s /tmp /run/provision' })
    try {
      const session = await connected(host.target())
      const outcome = await session.supervise({ run: nextRun(), name: 'trap', script: 'true' }, LIMITS)
      expect(outcome).toMatchObject({
        kind: 'lost',
        reason: expect.stringContaining('cannot make /run/provision') as string,
      })
    } finally {
      await host.stop()
    }
  })

  it.each(['../x', 'A', '', 'a b', 'blobs', 'x'.repeat(65)])('refuses the job name %j', async (name) => {
    const session = await connected()
    await expect(session.supervise({ run: 'r', name, script: 'true' }, LIMITS)).rejects.toMatchObject({
      name: 'InputError',
    })
  })
})

describe('a cut link', () => {
  const through = () => ({ ...sshd.target({ port: proxy.port, keepAliveMs: 500 }) })

  it.each([
    ['fin', 3000],
    ['rst', 3000],
    ['stall', 3000],
    ['fin', 20_000],
    ['rst', 50_000],
    ['fin', 4200],
  ] as const)('by %s after %s bytes costs neither output nor a second start', async (kind, afterBytes) => {
    const run = nextRun()
    proxy.breakNext({ kind, afterBytes })
    const before = proxy.broken
    const session = await connected(through())
    const outcome = await session.supervise({ run, name: 'cut', script: counting(run, 3000) }, LIMITS)
    expect(proxy.broken).toBe(before + 1)
    expect(outcome).toMatchObject({ kind: 'exited', code: 5, stderr: 'warning' })
    expect(textOf(outcome)).toBe(expectedText(3000))
    expect(starts(run)).toBe(1)
    expect(session.counters.reconnects).toBe(1)
  })

  it('at any byte gives the same', async () => {
    const sizes = Array.from({ length: 24 }, (_, i) => 2300 + i * 37)
    for (const afterBytes of sizes) {
      const run = nextRun()
      proxy.breakNext({ kind: afterBytes % 2 === 0 ? 'rst' : 'fin', afterBytes })
      const session = await connected(through())
      const outcome = await session.supervise({ run, name: 'cut', script: counting(run, 20) }, LIMITS)
      expect(session.counters.reconnects).toBe(1)
      expect({ afterBytes, outcome }).toMatchObject({ afterBytes, outcome: { kind: 'exited', code: 5 } })
      expect(textOf(outcome)).toBe(expectedText(20))
      expect(starts(run)).toBe(1)
      await session.close()
    }
  })

  it('in the middle of a run is lost, never success, and the program lives on', async () => {
    for (const kind of ['fin', 'rst', 'stall'] as const) {
      proxy.breakNext({ kind, afterBytes: 2600 })
      const session = await connected(through())
      const outcome = await session.run('mark a; head -c 100000 /dev/zero; sleep 30', LIMITS)
      expect(outcome).toMatchObject({ kind: 'lost', sent: true, reason: expect.any(String) as string })
      // What comes after it has a new link.
      expect(await session.run('true', LIMITS)).toMatchObject({ kind: 'exited', code: 0 })
      expect(session.counters.reconnects).toBe(1)
    }
  })

  it('is given up after three tries, when the host stays away', async () => {
    const run = nextRun()
    const own = await FaultProxy.start(sshd.port)
    const session = await connected({ ...sshd.target({ port: own.port }) })
    const outcome = await session.supervise(
      { run, name: 'away', script: `mark a; printf x; sleep 20` },
      {
        ...LIMITS,
        onText: () => void own.stop(),
      },
    )
    expect(outcome).toMatchObject({
      kind: 'lost',
      sent: true,
      reason: expect.stringContaining('ECONNREFUSED') as string,
    })
    expect(textOf(outcome)).toBe('x')
  })

  it('by a host that restarts is lost, says so, and the job is not started again', async () => {
    const host = await Sshd.start({ setup: BOOT_ID })
    try {
      const run = nextRun()
      const session = await connected(host.target())
      const rebooted = Promise.withResolvers<void>()
      const outcome = await session.supervise(
        { run, name: 'reboot', script: `printf s >>${host.dir}/starts; mark a; printf x; sleep 600` },
        {
          ...LIMITS,
          onText: () => {
            host
              .crash()
              .then(() => host.boot())
              .then(rebooted.resolve, rebooted.reject)
          },
        },
      )
      await rebooted.promise
      expect(outcome).toMatchObject({ kind: 'lost', sent: true, reason: expect.stringContaining('rebooted') as string })
      expect(readFileSync(join(host.dir, 'starts'), 'utf8')).toBe('s')
      expect(await session.supervise({ run, name: 'after', script: 'mark a; printf y' }, LIMITS)).toMatchObject({
        kind: 'exited',
        code: 0,
      })
    } finally {
      await host.stop()
    }
  })
})

/** Each start of the server is a boot of its own, as far as the host can tell. */
const BOOT_ID = `cat /proc/sys/kernel/random/uuid >/run/boot_id; mount --bind /run/boot_id /proc/sys/kernel/random/boot_id`

describe('reboot', () => {
  it('comes back with another boot id, and can be locked again', async () => {
    const host = await Sshd.start({
      setup: `${BOOT_ID}; mkdir -p /run/bin; printf '#!/bin/sh\\n: >%s\\n' "$1/asked" >/run/bin/systemctl; chmod 755 /run/bin/systemctl; mount --bind /run/bin/systemctl /usr/bin/systemctl`,
    })
    try {
      const session = await connected(host.target())
      const holder = { run: nextRun(), who: 'me@here', command: 'up', since: '2026-01-01T00:00:00Z' }
      await session.lock(holder)
      const restarted = (async () => {
        while (!existsSync(join(host.dir, 'asked'))) await sleep(50)
        await host.crash()
        await host.boot()
      })()
      expect(await session.reboot({ deadlineMs: 100_000 })).toEqual({
        kind: 'exited',
        code: 0,
        sections: [],
        stderr: '',
      })
      await restarted
      await session.lock(holder)
      expect(await session.supervise({ run: holder.run, name: 'after', script: 'true' }, LIMITS)).toMatchObject({
        kind: 'exited',
        code: 0,
      })
    } finally {
      await host.stop()
    }
  })

  it('that does not happen is not taken for one', async () => {
    const fake = `mkdir -p /run/bin; printf '#!/bin/sh\\nexit 0\\n' >/run/bin/systemctl; chmod 755 /run/bin/systemctl; mount --bind /run/bin/systemctl /usr/bin/systemctl`
    const host = await Sshd.start({ setup: fake })
    try {
      const session = await connected(host.target())
      expect(await session.reboot({ deadlineMs: 3000 })).toMatchObject({ kind: 'deadline', sent: true })
    } finally {
      await host.stop()
    }
  })
})

describe('kill -9 of the client', () => {
  /** A client of its own, which supervises one job and prints what it hears. */
  function client(run: string, script: string): ChildProcess {
    const child = spawn(
      process.execPath,
      [
        join(import.meta.dirname, '../../support/supervising-client.ts'),
        JSON.stringify({ target: sshd.target(), run, script }),
      ],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    children.push(child)
    return child
  }

  it('leaves the job running; the next session sees it, waits, and reads its verdict', async () => {
    const run = nextRun()
    const script = `printf 'started\\n' >>/run/starts-${run}; mark a; printf one; while [ ! -e /run/go-${run} ]; do sleep 0.1; done; printf two; exit 6`
    const child = client(run, script)
    await new Promise<void>((resolve) =>
      child.stdout?.on('data', (chunk: Buffer) => String(chunk).includes('one') && resolve()),
    )
    child.kill('SIGKILL')

    const waits: string[] = []
    const connect = connector(() => sshd.target(), {
      lock: {
        onWait: (_host, text) => {
          waits.push(text)
          writeFileSync(sshd.path(`/run/go-${run}`), '')
        },
      },
    })
    const session = await connect('host', never)
    sessions.push(session)
    await session.lock({ run: nextRun(), who: 'me@here', command: 'up', since: '2026-01-01T00:00:00Z' })
    expect(waits).toEqual([`waiting for job long of the earlier run ${run}, which was cut off`])
    const outcome = await session.supervise({ run, name: 'long', script }, LIMITS)
    expect(outcome).toMatchObject({ kind: 'exited', code: 6, sections: [{ mark: ['a'], text: 'onetwo' }] })
    expect(starts(run)).toBe(1)
  })

  it('at any moment ends in one start and the whole output', async () => {
    const heard: string[] = []
    for (let i = 0; i < 16; i++) {
      const run = nextRun()
      const script = `: ${'x'.repeat(100_000)}\n${counting(run, 200)}`
      const child = client(run, script)
      const died = new Promise((resolve) => child.once('close', resolve))
      let last = 'nothing'
      child.stdout?.on('data', (chunk: Buffer) => {
        // From the lock on, a little later each time: while connecting, sending, starting, reading, done.
        if (last === 'nothing') setTimeout(() => child.kill('SIGKILL'), i * 12)
        last = String(chunk).trim().split('\n').at(-1) ?? ''
      })
      await died
      heard.push(last)
      const session = await connected()
      const outcome = await session.supervise({ run, name: 'long', script }, LIMITS)
      expect({ i, last, outcome }).toMatchObject({ outcome: { kind: 'exited', code: 5 } })
      expect(textOf(outcome)).toBe(expectedText(200))
      expect(starts(run)).toBe(1)
    }
    // The moments were really different ones.
    expect(new Set(heard).size).toBeGreaterThan(1)
  })

  it('lets a new session re-attach while the job runs', async () => {
    const run = nextRun()
    const script = counting(run, 300, 'sleep 0.01')
    const child = client(run, script)
    await new Promise<void>((resolve) =>
      child.stdout?.on('data', (chunk: Buffer) => String(chunk).includes('line 20 ') && resolve()),
    )
    child.kill('SIGKILL')
    const session = await connected()
    const outcome = await session.supervise({ run, name: 'long', script }, LIMITS)
    expect(outcome).toMatchObject({ kind: 'exited', code: 5 })
    expect(textOf(outcome)).toBe(expectedText(300))
    expect(starts(run)).toBe(1)
  })
})
