import { writeSync } from 'node:fs'
import { homedir, hostname, userInfo } from 'node:os'
import { dirname } from 'node:path'
import { PARTS } from './cli/joined.ts'
import { runProgram } from './cli/program.ts'
import { resumeCommand } from './cli/resume.ts'
import type { World } from './cli/world.ts'
import { EXIT, ProvisionError } from './core/errors.ts'
import { troubleCard } from './render/failure-card.ts'
import { PLAIN } from './render/paint.ts'
import { Redactor } from './render/redact.ts'
import { inertLines } from './render/sanitise.ts'

/** The edge of the process: nothing else touches `process`. */
const stop = new AbortController()
const redactor = new Redactor()

function onSignal(): void {
  if (stop.signal.aborted) {
    const command = resumeCommand({ program: programName(), argv: process.argv.slice(2) })
    leave(EXIT.interrupted, `left at once; what runs on hosts ends there by itself. To go on: ${command}`)
  }
  stop.abort()
}

/** Gives the terminal back and goes: connections close, and what runs on hosts goes on under its supervisor there. */
function leave(code: number, ...lines: readonly string[]): never {
  // Not by the streams: the live tree holds back what others write to them.
  if (process.stdout.isTTY) writeSync(1, '\x1b[?25h\n')
  if (lines.length > 0) writeSync(2, redactor.text(lines.map((line) => `${line}\n`).join('')))
  process.exit(code)
}

for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, onSignal)

// Whoever reads us has gone (`| head`): nobody is left to tell.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.bug))
}

function world(): World {
  const { stdin, stdout, stderr } = process
  const { username } = userInfo()
  const place = { cwd: process.cwd(), home: homedir(), user: username, machine: hostname() }
  const runtime = { node: process.version, platform: `${process.platform} ${process.arch}` }
  return {
    program: programName(),
    argv: process.argv.slice(2),
    env: { ...process.env },
    hideVariable: (name) => {
      delete process.env[name]
    },
    ...place,
    runtime,
    stdin,
    stdout,
    stderr,
    redactor,
    signal: stop.signal,
  }
}

/** What to type to call us again; the launcher tells how it was called. */
function programName(): string {
  const called = process.env.PROVISION_CALLED_AS
  if (called === undefined || called === '') return 'provision'
  return process.env.PATH?.split(':').includes(dirname(called)) ? 'provision' : called
}

function tell(error: unknown): number {
  process.stderr.write(
    redactor.text(
      linesOf(error)
        .map((line) => `${line}\n`)
        .join(''),
    ),
  )
  return exitOf(error)
}

function linesOf(error: unknown): readonly string[] {
  return error instanceof ProvisionError ? troubleCard(error.trouble, PLAIN) : bug(error)
}

function exitOf(error: unknown): number {
  if (!(error instanceof ProvisionError)) return EXIT.bug
  return stop.signal.aborted ? EXIT.interrupted : error.exit
}

function bug(error: unknown): readonly string[] {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return ['error: this is a bug of provision; please report it with the lines below', ...inertLines(stack)]
}

process.on('uncaughtException', (error) => leave(exitOf(error), ...linesOf(error)))

const code = await runProgram(world(), PARTS).catch(tell)
// Work that nobody waits for any more (a bundle that is still compiling) must not keep us alive.
process.stdout.write('', () => process.stderr.write('', () => process.exit(code)))
