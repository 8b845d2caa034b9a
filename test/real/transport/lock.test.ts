import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { LockedError } from '../../../src/core/errors.ts'
import type { LockHolder } from '../../../src/core/host.ts'
import { FaultProxy } from '../../support/fault-proxy.ts'
import { Sshd } from '../../support/sshd.ts'
import { sshdSessions } from '../../support/sshd-sessions.ts'

const LIMITS = { deadlineMs: 60_000 }
const { sshd, connected } = await sshdSessions()

const holder = (run: string, who = `${run}@desk`): LockHolder => ({
  run,
  who,
  command: `provision up ${run}.yaml`,
  since: '2026-11-23T05:00:00.000Z',
})

describe('lock', () => {
  it('is one’s alone; the other is told who, since when and what', async () => {
    const [one, two] = [await connected(), await connected()]
    await one.lock(holder('one', 'ann@desk'))
    const refusal = await two.lock(holder('two')).catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(LockedError)
    expect((refusal as LockedError).trouble.what).toMatch(
      /by ann@desk \(run one\) since 2026-11-23T05:00:00.000Z \(for \d+ s\), who runs `provision up one.yaml`/,
    )
    expect((refusal as LockedError).trouble.fix).toMatch(/sudo kill \d+$/)
    await one.close()
    await two.lock(holder('two'))
  })

  it('makes nothing on the host before it is asked for, and takes its traces away', async () => {
    const host = await Sshd.start()
    try {
      const session = await connected(host.target())
      await session.run('true', LIMITS)
      expect(existsSync(host.path('/run/provision'))).toBe(false)
      await session.lock(holder('one'))
      expect(readdirSync(host.path('/run/provision'))).toContain('holder')
      await session.close()
      expect(readdirSync(host.path('/run/provision')).sort()).toEqual(['jobs', 'lock'])
    } finally {
      await host.stop()
    }
  })

  it('is free again when its holder is killed', async () => {
    const client = spawn(
      process.execPath,
      [
        join(import.meta.dirname, '../../support/supervising-client.ts'),
        JSON.stringify({ target: sshd.target(), run: 'killed', script: 'sleep 2' }),
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    await new Promise<void>((resolve) =>
      client.stdout.on('data', (chunk: Buffer) => String(chunk).includes('locked') && resolve()),
    )
    const session = await connected()
    await expect(session.lock(holder('next'))).rejects.toThrow(/victim@here/)
    client.kill('SIGKILL')
    await new Promise((resolve) => client.once('close', resolve))
    // sshd notices the closed connection in its own time; the job, if it was started, ends by itself.
    for (let i = 0; ; i++) {
      const refusal = await session.lock(holder('next')).then(
        () => undefined,
        (error: unknown) => error,
      )
      if (refusal === undefined) break
      expect(refusal).toBeInstanceOf(LockedError)
      expect(i).toBeLessThan(100)
    }
  })

  it('waits for a job without a master, and gives up at its limit', async () => {
    const host = await Sshd.start()
    try {
      const first = await connected(host.target())
      const lost = first.supervise({ run: 'early', name: 'slow', script: 'sleep 4' }, LIMITS)
      while (!existsSync(host.path('/run/provision/running'))) await new Promise((resolve) => setTimeout(resolve, 50))
      const waits: string[] = []
      const onWait = (name: string, text: string) => waits.push(`${name}: ${text}`)
      const impatient = await connected(host.target(), { lock: { orphanMs: 1000, onWait } })
      await expect(impatient.lock(holder('late'))).rejects.toThrow(/job slow of the earlier run early still runs/)
      const patient = await connected(host.target(), { lock: { onWait } })
      await patient.lock(holder('later'))
      expect(waits).toEqual(
        Array.from({ length: 2 }, () => 'host: waiting for job slow of the earlier run early, which was cut off'),
      )
      await lost
    } finally {
      await host.stop()
    }
  })

  it('comes back with the connection, also when the host has not missed the old one', async () => {
    const proxy = await FaultProxy.start(sshd.port)
    try {
      const session = await connected(sshd.target({ port: proxy.port, keepAliveMs: 400 }))
      await session.lock(holder('mine'))
      const outcome = await session.supervise(
        { run: 'mine', name: 'cut', script: 'mark a; printf x; sleep 3; printf y' },
        {
          ...LIMITS,
          onText: (_mark, text) => text === 'x' && proxy.breakNow('stall'),
        },
      )
      expect(outcome).toMatchObject({ kind: 'exited', code: 0, sections: [{ text: 'xy' }] })
      expect(session.counters.reconnects).toBe(1)
      await expect((await connected()).lock(holder('other'))).rejects.toThrow(/mine@desk/)
    } finally {
      await proxy.stop()
    }
  })

  it('is given up when its holder is not heard of, and who comes meanwhile waits for that', async () => {
    const proxy = await FaultProxy.start(sshd.port)
    try {
      const gone = await connected(sshd.target({ port: proxy.port }), { lock: { beatMs: 500 } })
      await gone.lock(holder('gone', 'ann@train'))
      const next = await connected()
      // Ten beats: one that is heard of keeps it.
      await new Promise((resolve) => setTimeout(resolve, 5000))
      await expect(next.lock(holder('early'))).rejects.toThrow(/ann@train/)
      proxy.breakNow('stall')
      const waits: string[] = []
      // Its sshd keeps the channel open; there is nothing on the line that would tell it.
      for (let i = 0; waits.length === 0; i++) {
        const patient = await connected(sshd.target(), {
          lock: { beatMs: 500, onWait: (_host: string, text: string) => waits.push(text) },
        })
        const refusal = await patient.lock(holder('next')).catch((error: unknown) => error)
        if (refusal !== undefined) expect(refusal).toBeInstanceOf(LockedError)
        else expect(waits).toEqual([expect.stringMatching(/^run gone holds the lock and was not heard of for \d s/)])
        expect(i).toBeLessThan(100)
      }
    } finally {
      await proxy.stop()
    }
  })

  it('whose holder was killed on the host is taken again', async () => {
    const [one, two] = [await connected(), await connected()]
    await one.lock(holder('one'))
    const kill = 'read -r pid run </run/provision/holder; kill "$pid"; while [ -e /proc/$pid ]; do sleep 0.1; done'
    expect(await two.run(kill, LIMITS)).toMatchObject({ kind: 'exited', code: 0 })
    await expect.poll(() => two.run('flock -n /run/provision/lock true', LIMITS)).toMatchObject({ code: 1 })
    expect(await one.supervise({ run: 'one', name: 'on', script: 'true' }, LIMITS)).toMatchObject({ code: 0 })
    await expect(two.lock(holder('two'))).rejects.toThrow(/run one/)
  })

  it('that somebody else took while we were cut off stops the next change', async () => {
    const proxy = await FaultProxy.start(sshd.port)
    try {
      const session = await connected(sshd.target({ port: proxy.port }))
      await session.lock(holder('first'))
      const rival = await connected()
      const locking = Promise.withResolvers<void>()
      const outcome = await session.supervise(
        { run: 'first', name: 'cut', script: 'mark a; printf x; sleep 3; printf y' },
        {
          ...LIMITS,
          onText: (_mark, text) => {
            if (text !== 'x') return
            proxy.breakNow('rst')
            // The rival gets in before we are back, and waits for our job.
            const again = (): Promise<void> =>
              rival
                .lock(holder('rival'))
                .catch((error: unknown) => (error instanceof LockedError ? again() : Promise.reject(error)))
            again().then(locking.resolve, locking.reject)
          },
        },
      )
      expect(outcome).toMatchObject({ kind: 'exited', code: 0, sections: [{ text: 'xy' }] })
      await locking.promise
      await expect(session.supervise({ run: 'first', name: 'next', script: 'true' }, LIMITS)).rejects.toThrow(
        /rival@desk/,
      )
    } finally {
      await proxy.stop()
    }
  })

  it('never has two holders, among twelve who want it', async () => {
    const all = await Promise.all(Array.from({ length: 12 }, () => connected()))
    for (let round = 0; round < 4; round++) {
      const results = await Promise.allSettled(all.map((session, i) => session.lock(holder(`r${round}-${i}`))))
      const winners = all.filter((_, i) => results[i]?.status === 'fulfilled')
      expect(winners).toHaveLength(1)
      for (const result of results) if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(LockedError)
      const [winner] = winners
      if (winner === undefined) return
      await winner.close()
      all.splice(all.indexOf(winner), 1, await connected())
    }
  })

  it('clears what earlier runs left, secrets first, and keeps the last journal', async () => {
    const host = await Sshd.start()
    try {
      const first = await connected(host.target())
      await first.supervise({ run: 'older', name: 'bad', script: 'exit 1' }, LIMITS)
      await first.supervise({ run: 'newer', name: 'bad', script: 'exit 1' }, LIMITS)
      for (const run of ['older', 'newer']) {
        mkdirSync(host.path(`/run/provision/${run}/blobs`))
        writeFileSync(host.path(`/run/provision/${run}/blobs/secret`), 'canary')
      }
      const second = await connected(host.target())
      await second.lock(holder('now'))
      const left = readdirSync(host.path('/run/provision'), { recursive: true }).map(String)
      expect(left.filter((path) => path.includes('blobs'))).toEqual([])
      expect(left.filter((path) => /^(older|newer)$/.test(path))).toEqual(['newer'])
      expect(left).toContain('newer/bad/out')
    } finally {
      await host.stop()
    }
  })

  it('refuses a folder that is not root’s own', async () => {
    const host = await Sshd.start({ setup: 'mkdir /run/provision; chown nobody /run/provision' })
    try {
      const session = await connected(host.target())
      await expect(session.lock(holder('one'))).rejects.toMatchObject({
        name: 'UnreachableError',
        trouble: { where: '/run/provision' },
      })
    } finally {
      await host.stop()
    }
  })

  it.each([1, 2])('leaves room for work where MaxSessions is %i', async (most) => {
    const host = await Sshd.start({ config: [`MaxSessions ${most}`] })
    try {
      const session = await connected(host.target())
      await session.lock(holder('one'))
      for (let i = 0; i < 8; i++) {
        expect(await session.supervise({ run: 'one', name: `w${i}`, script: 'true' }, LIMITS)).toMatchObject({
          kind: 'exited',
          code: 0,
        })
        expect(await session.run('true', LIMITS)).toMatchObject({ kind: 'exited', code: 0 })
      }
    } finally {
      await host.stop()
    }
  })
})
