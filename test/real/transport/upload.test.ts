import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { type Blob, type Outcome, STAGE, stagedPath } from '../../../src/core/host.ts'
import { uploadError } from '../../../src/transport/upload.ts'
import { FaultProxy } from '../../support/fault-proxy.ts'
import { Sshd } from '../../support/sshd.ts'
import { sshdSessions } from '../../support/sshd-sessions.ts'

const LIMITS = { deadlineMs: 200_000 }
const MIB = 1024 * 1024
const { sshd, connected } = await sshdSessions()

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

function blob(bytes: Uint8Array, name: string, changes: Partial<Blob> = {}): Blob {
  return {
    sha256: digest(bytes),
    size: bytes.length,
    secret: false,
    name,
    async *open() {
      for (let at = 0; at < bytes.length; at += 64 * 1024) yield bytes.subarray(at, at + 64 * 1024)
    },
    ...changes,
  }
}

const bytesOf = (run: string, one: Blob): Buffer => readFileSync(sshd.path(stagedPath(run, one)))
const leftovers = (): string[] =>
  [sshd.path('/run/provision'), sshd.path(STAGE.disk)]
    .flatMap((dir) => (existsSync(dir) ? readdirSync(dir, { recursive: true }).map(String) : []))
    .filter((path) => path.includes('.part-'))

describe('upload', () => {
  it('puts blobs where they belong, in one channel, and only once', async () => {
    const session = await connected()
    const blobs = [
      blob(Buffer.alloc(0), 'empty'),
      blob(Buffer.from('small'), 'a small one'),
      blob(randomBytes(3 * MIB), 'large'),
      blob(randomBytes(2 * MIB), 'secret', { secret: true }),
    ]
    const progress: [number, number][] = []
    const total = blobs.reduce((sum, { size }) => sum + size, 0)
    expect(
      await session.upload('put', blobs, { ...LIMITS, onProgress: (sent, all) => progress.push([sent, all]) }),
    ).toMatchObject({ kind: 'exited', code: 0, stderr: '' })
    expect(session.counters.channels).toBe(1)
    expect(progress[0]).toEqual([0, total])
    expect(progress.at(-1)).toEqual([total, total])
    for (const one of blobs) expect(digest(bytesOf('put', one))).toBe(one.sha256)
    expect(stagedPath('put', blobs[2] as Blob)).toContain(STAGE.disk)
    expect(stagedPath('put', blobs[3] as Blob)).toContain('/run/provision/put/')
    for (const dir of ['/run/provision/put/blobs', STAGE.disk]) {
      expect(statSync(sshd.path(dir)).mode & 0o777).toBe(0o700)
      for (const file of readdirSync(sshd.path(dir)))
        expect(statSync(`${sshd.path(dir)}/${file}`).mode & 0o777).toBe(0o600)
    }
    const before = session.counters.bytesSent
    expect(await session.upload('put', blobs, LIMITS)).toMatchObject({ kind: 'exited', code: 0 })
    expect(session.counters.bytesSent - before).toBeLessThan(20_000)
    expect(leftovers()).toEqual([])
  })

  it('leaves nothing behind once the lock is released, but a download that was cut off', async () => {
    const session = await connected()
    await session.lock({ run: 'tidy', who: 'me@here', command: 'test', since: new Date().toISOString() })
    expect(await session.upload('tidy', [blob(randomBytes(3 * MIB), 'large')], LIMITS)).toMatchObject({ code: 0 })
    writeFileSync(sshd.path(`${STAGE.disk}/half.part`), 'half')
    await session.close()
    await expect.poll(() => readdirSync(sshd.path(STAGE.disk))).toEqual(['half.part'])
    rmSync(sshd.path(`${STAGE.disk}/half.part`))
  })

  it('brings a thousand blobs in one channel, and says that they are there in another', async () => {
    const session = await connected()
    const blobs = Array.from({ length: 1000 }, (_, i) => blob(Buffer.from(`content ${i}`), `file ${i}`))
    for (const _ of [1, 2])
      expect(await session.upload('many', blobs, LIMITS)).toMatchObject({ kind: 'exited', code: 0 })
    expect(session.counters.channels).toBe(2)
    expect(readdirSync(sshd.path('/run/provision/many/blobs'))).toHaveLength(1000)
  })

  it('removes what has the wrong digest, names it, and keeps the rest', async () => {
    const session = await connected()
    const good = blob(Buffer.from('good'), 'good')
    const bad = blob(Buffer.from('tampered'), 'containerd 2.3.7', { sha256: digest(Buffer.from('original')) })
    const outcome = await session.upload('bad', [good, bad], LIMITS)
    expect(outcome).toMatchObject({
      kind: 'exited',
      code: 65,
      stderr: `containerd 2.3.7 has the digest ${digest(Buffer.from('tampered'))} instead of ${bad.sha256}\n`,
    })
    expect(uploadError('host', outcome)?.trouble.why).toContain('containerd 2.3.7')
    expect(bytesOf('bad', good).toString()).toBe('good')
    expect(existsSync(sshd.path(stagedPath('bad', bad)))).toBe(false)
    expect(leftovers()).toEqual([])
  })

  it('sends again what lies there with another size', async () => {
    const session = await connected()
    const one = blob(Buffer.from('content'), 'one')
    await session.upload('size', [one], LIMITS)
    writeFileSync(sshd.path(stagedPath('size', one)), 'cut')
    expect(await session.upload('size', [one], LIMITS)).toMatchObject({ kind: 'exited', code: 0 })
    expect(bytesOf('size', one).toString()).toBe('content')
  })

  it.each([
    ['shorter', Buffer.from('abc'), 4],
    ['longer', Buffer.from('abcde'), 4],
  ])('stops at a file that is %s than announced', async (_name, bytes, size) => {
    const session = await connected()
    await expect(session.upload('change', [blob(bytes, 'app.tar', { size })], LIMITS)).rejects.toMatchObject({
      name: 'FailedError',
      trouble: { what: expect.stringContaining('app.tar') as string },
    })
    expect(leftovers()).toEqual([])
    expect(await session.run('true', LIMITS)).toMatchObject({ kind: 'exited' })
  })

  it('hands on an error of the source', async () => {
    const session = await connected()
    const broken = blob(Buffer.from('x'), 'broken', {
      // biome-ignore lint/correctness/useYield: it fails before its first byte
      async *open() {
        throw new Error('disk on fire')
      },
    })
    await expect(session.upload('broken', [broken], LIMITS)).rejects.toThrow('disk on fire')
  })

  it('sends 400 MiB without filling the memory', async () => {
    const client = join(import.meta.dirname, '../../support/uploading-client.ts')
    const { stdout } = await promisify(execFile)(process.execPath, [
      client,
      JSON.stringify({ target: sshd.target(), sizeMiB: 400 }),
    ])
    const { outcome, grewMiB, peakMiB, ms } = JSON.parse(stdout) as {
      outcome: Outcome
      grewMiB: number
      peakMiB: number
      ms: number
    }
    process.stdout.write(`400 MiB in ${ms} ms, memory grew by ${grewMiB} MiB to ${peakMiB} MiB\n`)
    expect(outcome).toMatchObject({ kind: 'exited', code: 0 })
    // Garbage that V8 has not collected yet, a few chunks in flight; a buffered upload would be all of it.
    expect(grewMiB).toBeLessThan(130)
  })

  it('says before it sends that there is no room, and where', async () => {
    const host = await Sshd.start({
      setup:
        'mkdir -p /var/lib/provision/blobs; chmod 700 /var/lib/provision; mount -t tmpfs -o size=4m tmpfs /var/lib/provision/blobs',
    })
    try {
      const session = await connected(host.target())
      const outcome = await session.upload('full', [blob(randomBytes(6 * MIB), 'too large')], LIMITS)
      expect(outcome).toMatchObject({
        kind: 'exited',
        code: 28,
        stderr: 'no room in /var/lib/provision/blobs: 6144 KiB needed, 4096 KiB free\n',
      })
      expect(session.counters.bytesSent).toBeLessThan(20_000)
    } finally {
      await host.stop()
    }
  })

  it('says which disk ran full meanwhile, and leaves no half file', async () => {
    const host = await Sshd.start({
      setup:
        'mkdir -p /var/lib/provision/blobs; chmod 700 /var/lib/provision; mount -t tmpfs -o size=8m tmpfs /var/lib/provision/blobs',
    })
    try {
      const session = await connected(host.target())
      const one = blob(randomBytes(6 * MIB), 'fits at first')
      const outcome = await session.upload('full', [one], {
        ...LIMITS,
        onProgress: (sent) =>
          sent === 0 && writeFileSync(host.path('/var/lib/provision/blobs/other'), Buffer.alloc(5 * MIB)),
      })
      expect(outcome).toMatchObject({
        kind: 'exited',
        code: 74,
        stderr: expect.stringMatching(/\/var\/lib\/provision\/blobs has \d+ KiB free/) as string,
      })
      expect(readdirSync(host.path('/var/lib/provision/blobs'))).toEqual(['other'])
    } finally {
      await host.stop()
    }
  })

  it('goes on after a cut with what was not yet whole', async () => {
    const proxy = await FaultProxy.start(sshd.port)
    try {
      const session = await connected(sshd.target({ port: proxy.port }))
      const one = blob(randomBytes(20 * MIB), 'cut')
      const onProgress = (sent: number) => sent > 4 * MIB && proxy.broken === 0 && proxy.breakNow('rst')
      expect(await session.upload('cut', [one], { ...LIMITS, onProgress })).toMatchObject({ kind: 'exited', code: 0 })
      expect(session.counters.reconnects).toBe(1)
      expect(digest(bytesOf('cut', one))).toBe(one.sha256)
      for (let i = 0; i < 50 && leftovers().length > 0; i++) await new Promise((resolve) => setTimeout(resolve, 100))
      expect(leftovers()).toEqual([])
    } finally {
      await proxy.stop()
    }
  })

  it('is not cut short on a line that is only slow', async () => {
    const proxy = await FaultProxy.start(sshd.port)
    try {
      const session = await connected(sshd.target({ port: proxy.port, keepAliveMs: 500 }))
      await session.run('true', LIMITS)
      proxy.bytesPerSecond = 300_000
      const outcome = await session.upload('slow', [blob(randomBytes(3 * MIB), 'slow')], LIMITS)
      expect(outcome).toMatchObject({ kind: 'exited', code: 0 })
      expect(session.counters.reconnects).toBe(0)
    } finally {
      await proxy.stop()
    }
  })

  it('is lost when the host stays away', async () => {
    const proxy = await FaultProxy.start(sshd.port)
    const session = await connected(sshd.target({ port: proxy.port }))
    const onProgress = (sent: number) => sent > 4 * MIB && void proxy.stop()
    const outcome = await session.upload('away', [blob(randomBytes(20 * MIB), 'away')], { ...LIMITS, onProgress })
    expect(outcome).toMatchObject({ kind: 'lost' })
    expect(uploadError('host', outcome)?.trouble.fix).toContain('not sent twice')
  })

  it('stops at its deadline', async () => {
    const session = await connected()
    const slow = blob(Buffer.alloc(2 * MIB), 'slow', {
      async *open() {
        await new Promise((resolve) => setTimeout(resolve, 3000))
        yield Buffer.alloc(2 * MIB)
      },
    })
    expect(await session.upload('slow', [slow], { deadlineMs: 800 })).toMatchObject({ kind: 'deadline', sent: true })
    expect(await session.run('true', LIMITS)).toMatchObject({ kind: 'exited' })
  })

  it('does not follow a link somebody put in the way', async () => {
    const host = await Sshd.start({
      setup: 'mkdir -m 700 /run/provision /run/provision/link; ln -s /etc /run/provision/link/blobs',
    })
    try {
      const session = await connected(host.target())
      expect(await session.upload('link', [blob(Buffer.from('x'), 'x')], LIMITS)).toMatchObject({
        kind: 'exited',
        code: 74,
        stderr: expect.stringContaining('not a folder of its own') as string,
      })
    } finally {
      await host.stop()
    }
  })
})
