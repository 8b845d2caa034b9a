import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { FailedError } from '../../core/errors.ts'
import { lastLines } from '../local/command.ts'
import type { LabDriver, Machine } from '../machine.ts'

const ATTEMPT_MS = 5000
const RETRY_EVERY_MS = 200

export interface WaitOptions {
  readonly deadlineMs: number
  readonly driver: Pick<LabDriver, 'isRunning' | 'console'>
}

/** Returns when the machine's sshd greets. A machine that does not come up is an error with its console's last lines. */
export async function waitForSshd(machine: Machine, { deadlineMs, driver }: WaitOptions): Promise<void> {
  const until = performance.now() + deadlineMs
  for (;;) {
    if ((await banner(machine)).startsWith('SSH-2.0-')) return
    if (!(await driver.isRunning(machine))) throw await notUp(machine, driver, 'ended before its sshd answered')
    if (performance.now() > until) throw await notUp(machine, driver, `does not answer after ${deadlineMs / 1000} s`)
    await sleep(RETRY_EVERY_MS)
  }
}

/** First bytes from the machine's port 22; empty when nobody answers. */
export async function banner(machine: Pick<Machine, 'address' | 'port' | 'proxyCommand'>): Promise<string> {
  if (machine.proxyCommand === undefined) {
    const socket = connect(machine.port, machine.address)
    socket.on('error', () => {})
    return firstText(socket).finally(() => socket.destroy())
  }
  const [program, ...rest] = machine.proxyCommand
  const child = spawn(program ?? '', rest, { stdio: ['pipe', 'pipe', 'ignore'] })
  child.on('error', () => {})
  child.stdin.on('error', () => {})
  return firstText(child.stdout).finally(() => child.kill('SIGKILL'))
}

async function firstText(stream: Readable): Promise<string> {
  const ended = once(stream, 'close').then(
    () => '',
    () => '',
  )
  const data = once(stream, 'data').then(
    ([bytes]) => String(bytes),
    () => '',
  )
  return Promise.race([data, ended, sleep(ATTEMPT_MS, '', { ref: false })])
}

async function notUp(machine: Machine, driver: WaitOptions['driver'], what: string): Promise<FailedError> {
  const console = await driver.console(machine).catch(() => '')
  return new FailedError({
    what: `lab machine ${machine.name} (${machine.driver}) ${what}`,
    where: machine.consoleLog,
    why: `its console said last:\n${lastWords(console)}`,
    fix: `read ${machine.consoleLog}; make it anew with: provision lab down, then provision lab up`,
  })
}

/** The end of what a console said. After a panic only a trace comes: the panic with what led to it says more. */
export function lastWords(console: string): string {
  const panic = console.lastIndexOf('Kernel panic - ')
  const end = panic < 0 ? -1 : console.indexOf('\n', panic)
  return lastLines(end < 0 ? console : console.slice(0, end), 15)
}
