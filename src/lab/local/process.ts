import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { FailedError } from '../../core/errors.ts'
import { command, lastLines } from './command.ts'

/** A process that can be found again by another run of this program, and never mistaken for a later one with its number. */
export interface ProcessId {
  readonly pid: number
  /** Field 22 of `/proc/PID/stat`: clock ticks between the boot of this machine and the start of the process. */
  readonly startTicks: number
  /** Boot of this machine the ticks count from. */
  readonly bootId: string
}

/** Starts a command that outlives this program; both its streams are appended to `log`. */
export async function startDetached(argv: readonly string[], log: string, cwd: string): Promise<ProcessId> {
  const [program, ...rest] = argv
  const stream = openSync(log, 'a', 0o600)
  try {
    const child = spawn(program ?? '', rest, { detached: true, cwd, stdio: ['ignore', stream, stream] })
    const failed = new Promise<never>((_, reject) => child.once('error', reject))
    const spawned = new Promise<void>((resolve) => child.once('spawn', resolve))
    await Promise.race([spawned, failed])
    child.unref()
    return await identify(child.pid ?? 0, log)
  } finally {
    closeSync(stream)
  }
}

async function identify(pid: number, log: string): Promise<ProcessId> {
  const startTicks = await startTicksOf(pid)
  if (startTicks !== undefined) return { pid, startTicks, bootId: await bootId() }
  const text = await readFile(log, 'utf8').catch(() => '')
  throw new FailedError({
    what: 'a process of the lab ended as soon as it was started',
    where: log,
    why: `it said last:\n${lastLines(text, 10)}`,
    fix: `read ${log}`,
  })
}

export async function isAlive(id: ProcessId): Promise<boolean> {
  return (await startTicksOf(id.pid)) === id.startTicks && (await bootId()) === id.bootId
}

/** Ends a process for good and returns when it is gone. A number that belongs to another process by now is left alone. */
export async function killAndWait(id: ProcessId, deadlineMs = 10_000): Promise<void> {
  const until = Date.now() + deadlineMs
  while (await isAlive(id)) {
    if (Date.now() > until) throw new FailedError({ what: `process ${id.pid} cannot be killed`, where: 'this machine' })
    await signalProcess(id.pid, 'KILL')
    await sleep(20)
  }
}

export async function signalProcess(pid: number, signal: 'KILL' | 'TERM' | 'STOP' | 'CONT'): Promise<void> {
  await command(['kill', `-${signal}`, '--', String(pid)], { deadlineMs: 5000 })
}

/** Runs `body` while the process is stopped, if it is alive. What it had handed to the kernel before stays true. */
export async function whileStopped(id: ProcessId | undefined, body: () => Promise<void>): Promise<void> {
  if (id === undefined || !(await isAlive(id))) return body()
  await signalProcess(id.pid, 'STOP')
  try {
    await body()
  } finally {
    await signalProcess(id.pid, 'CONT')
  }
}

async function startTicksOf(pid: number): Promise<number | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return parseStartTicks(stat)
}

/** The command in field 2 may hold spaces and parentheses: fields are counted from the last `)`. A zombie has ended. */
export function parseStartTicks(stat: string): number | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = Number(fields[19])
  return stat === '' || fields[0] === 'Z' || fields[0] === 'X' || !Number.isFinite(ticks) ? undefined : ticks
}

async function bootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
}
