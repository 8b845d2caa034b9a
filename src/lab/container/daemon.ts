import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { FailedError } from '../../core/errors.ts'
import type { Cache } from '../cache.ts'
import { ensurePackages } from '../debian/packages.ts'
import { command, lastLines } from '../local/command.ts'
import { withFileLock } from '../local/lock.ts'
import { isAlive, type ProcessId, signalProcess, startDetached } from '../local/process.ts'
import type { Possible } from '../machine.ts'
import { task } from '../task.ts'

const START_DEADLINE_MS = 60_000
const PACKAGES = ['docker.io', 'iptables']

/** `1`, `2`, or undefined when no daemon answers: the cgroup version containers get. */
export async function daemonCgroupVersion(): Promise<'1' | '2' | undefined> {
  const argv = ['docker', 'info', '--format', '{{.CgroupVersion}}']
  const result = await command(argv, { deadlineMs: 20_000 }).catch(() => undefined)
  const version = result?.code === 0 ? result.stdout.trim() : ''
  return version === '1' || version === '2' ? version : undefined
}

export async function containerPossible(): Promise<Possible> {
  if ((await daemonCgroupVersion()) !== undefined || userInfo().uid === 0) return { ok: true }
  return {
    ok: false,
    why: 'no Docker daemon answers and only root may start one',
    fix: 'start it: sudo service docker start',
  }
}

/** Starts dockerd when none answers. It then belongs to the cache folder until `endDaemon`. */
export async function ensureDaemon(cache: Cache): Promise<void> {
  if ((await daemonCgroupVersion()) !== undefined) return
  await ensurePackages(PACKAGES, cache.report)
  await withFileLock(lockOf(cache), { waitMs: START_DEADLINE_MS }, async () => {
    if ((await daemonCgroupVersion()) !== undefined) return
    await task(cache.report, 'lab/dockerd', 'Start the Docker daemon', () => startDaemon(cache))
  })
}

async function startDaemon(cache: Cache): Promise<void> {
  const folder = daemonFolder(cache)
  await mkdir(folder, { recursive: true })
  const log = join(folder, 'dockerd.log')
  const argv = ['dockerd', '--data-root', join(folder, 'data'), '--exec-root', join(folder, 'run')]
  const daemon = await startDetached([...argv, '--pidfile', join(folder, 'dockerd.pid')], log, folder)
  await writeFile(recordOf(cache), JSON.stringify(daemon))
  const until = performance.now() + START_DEADLINE_MS
  while ((await daemonCgroupVersion()) === undefined) {
    if (performance.now() > until || !(await isAlive(daemon))) {
      throw new FailedError({
        what: 'the Docker daemon does not answer',
        where: log,
        why: lastLines(await readFile(log, 'utf8'), 5),
        fix: `read ${log}, or start one yourself: service docker start`,
      })
    }
    await sleep(100)
  }
}

/** Ends the daemon if it is the one we started and it runs no container. Images stay. */
export async function endDaemon(cache: Cache): Promise<void> {
  const text = await readFile(recordOf(cache), 'utf8').catch(() => undefined)
  if (text === undefined) return
  const daemon = JSON.parse(text) as ProcessId
  await withFileLock(lockOf(cache), { waitMs: START_DEADLINE_MS }, async () => {
    const running = await command(['docker', 'ps', '--quiet'], { deadlineMs: 20_000 })
    if (running.code === 0 && running.stdout.trim() !== '') return
    const until = performance.now() + START_DEADLINE_MS
    if (await isAlive(daemon)) await signalProcess(daemon.pid, 'TERM')
    while ((await isAlive(daemon)) && performance.now() < until) await sleep(50)
    await rm(recordOf(cache), { force: true })
  })
}

function daemonFolder(cache: Cache): string {
  return join(cache.folder, 'docker')
}

function recordOf(cache: Cache): string {
  return join(daemonFolder(cache), 'daemon.json')
}

function lockOf(cache: Cache): string {
  return join(cache.folder, 'docker.lock')
}
