import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { answersOf, probe } from '../../../src/core/fact.ts'
import { lookScript, readLook } from '../../../src/core/look.ts'
import { type Fsync, fsync } from '../../../src/facts/fsync.ts'
import { local } from '../../../src/transport/local.ts'
import { LocalSession } from '../../support/local-session.ts'

/** On a real disk: a file system in memory makes nothing durable. */
let folder = ''

beforeAll(async () => {
  const cache = join(homedir(), '.cache', 'provision')
  await mkdir(cache, { recursive: true })
  folder = await mkdtemp(join(cache, 'fsync-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function measure(): Promise<Fsync> {
  const ask = probe(fsync, { folder, again: true })
  const outcome = await new LocalSession('here').run(lookScript([ask]), { deadlineMs: 60_000 })
  if (outcome.kind !== 'exited') throw new Error(JSON.stringify(outcome))
  const seen = answersOf(readLook(outcome.sections)).get(ask)
  if ('unknown' in seen) throw new Error(seen.unknown)
  return seen
}

interface FioReport {
  readonly jobs: readonly [
    { readonly sync: { readonly lat_ns: { readonly percentile: Readonly<Record<string, number>> } } },
  ]
}

/** The measurement etcd's own documentation tells of: fdatasync after writes of 2300 bytes. Milliseconds. */
async function fio(): Promise<{ readonly p50Ms: number; readonly p99Ms: number }> {
  const run = await local([
    'fio',
    '--rw=write',
    '--ioengine=sync',
    '--fdatasync=1',
    `--directory=${folder}`,
    '--size=1m',
    '--bs=2300',
    '--name=etcd',
    '--unlink=1',
    '--output-format=json',
  ])
  if (run.code !== 0) throw new Error(`fio: ${run.stderr}`)
  const { percentile } = (JSON.parse(run.stdout) as FioReport).jobs[0].sync.lat_ns
  return { p50Ms: (percentile['50.000000'] ?? 0) / 1e6, p99Ms: (percentile['99.000000'] ?? 0) / 1e6 }
}

/** The middle one of an odd number. */
function middle(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN
}

test('dd measures what fio measures, within a factor', async () => {
  // Taken in turns, because whatever else uses the disk should disturb both alike.
  const ours = []
  const theirs = []
  for (let turn = 0; turn < 5; turn++) {
    ours.push(await measure())
    theirs.push(await fio())
  }
  const p50 = middle(ours.map(({ p50Ms }) => p50Ms)) / middle(theirs.map(({ p50Ms }) => p50Ms))
  const p99 = middle(ours.map(({ p99Ms }) => p99Ms)) / middle(theirs.map(({ p99Ms }) => p99Ms))
  process.stdout.write(`fsync by dd over fsync by fio: median ${p50.toFixed(2)}, p99 ${p99.toFixed(2)}\n`)
  expect(p50).toBeGreaterThan(1 / 4)
  expect(p50).toBeLessThan(4)
  expect(p99).toBeGreaterThan(1 / 8)
  expect(p99).toBeLessThan(8)
})

test('a measurement leaves nothing, not even a younger folder', async () => {
  const before = await stat(folder, { bigint: true })
  const { samples, p99Ms, p50Ms } = await measure()
  expect(samples).toBeGreaterThanOrEqual(100)
  expect(p99Ms).toBeGreaterThanOrEqual(p50Ms)
  expect(p50Ms).toBeGreaterThan(0)
  expect(await readdir(folder)).toEqual([])
  expect((await stat(folder, { bigint: true })).mtimeNs).toBe(before.mtimeNs)
})

test.each(['SIGKILL', 'SIGTERM', 'SIGHUP'] as const)('killed by %s in the middle it leaves nothing', async (signal) => {
  const script = `mark() { printf '@@ %s\\n' "$*"; }\n${lookScript([probe(fsync, { folder, again: true })])}`
  const child = spawn('sh', ['-s'], { stdio: ['pipe', 'pipe', 'ignore'], detached: true })
  child.stdin.end(script)
  let seen = ''
  for await (const chunk of child.stdout) {
    seen += String(chunk)
    if (/\tsample\t.*\n.*\tsample\t/.test(seen)) break
  }
  expect(seen).toMatch(/\tsample\t/)
  if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, signal)
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  expect(await readdir(folder)).toEqual([])
})

test('a folder nobody can write to is unknown, with the reason', async () => {
  const ask = probe(fsync, { folder: '/proc/sys', again: true })
  const outcome = await new LocalSession('here').run(lookScript([ask]), { deadlineMs: 60_000 })
  if (outcome.kind !== 'exited') throw new Error(JSON.stringify(outcome))
  expect(answersOf(readLook(outcome.sections)).get(ask)).toMatchObject({
    unknown: expect.stringContaining('/proc/sys'),
  })
})
