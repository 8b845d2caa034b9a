import { homedir, hostname, userInfo } from 'node:os'
import { dirname } from 'node:path'
import { PARTS } from './cli/joined.ts'
import { runProgram } from './cli/program.ts'
import type { World } from './cli/world.ts'
import { EXIT, ProvisionError } from './core/errors.ts'
import { troubleCard } from './render/failure-card.ts'
import { PLAIN } from './render/paint.ts'
import { inertLines } from './render/sanitise.ts'

/** The edge of the process: nothing else touches `process`. */
const stop = new AbortController()

function onSignal(): void {
  if (stop.signal.aborted) leave(EXIT.interrupted)
  stop.abort()
}

/** Gives the terminal back and goes: connections close, and what runs on hosts goes on under its supervisor there. */
function leave(code: number): never {
  if (process.stdout.isTTY) process.stdout.write('\x1b[?25h\n')
  process.exit(code)
}

for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, onSignal)

// Whoever reads us has gone (`| head`): nobody is left to tell.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.bug))
}

function world(): World {
  const { env, stdin, stdout, stderr } = process
  const { username } = userInfo()
  const place = { cwd: process.cwd(), home: homedir(), user: username, machine: hostname() }
  const runtime = { node: process.version, platform: `${process.platform} ${process.arch}` }
  return {
    program: programName(),
    argv: process.argv.slice(2),
    env,
    ...place,
    runtime,
    stdin,
    stdout,
    stderr,
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
  const isOurs = error instanceof ProvisionError
  const lines = isOurs ? troubleCard(error.trouble, PLAIN) : bug(error)
  process.stderr.write(lines.map((line) => `${line}\n`).join(''))
  if (isOurs && stop.signal.aborted) return EXIT.interrupted
  return isOurs ? error.exit : EXIT.bug
}

function bug(error: unknown): readonly string[] {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return ['error: this is a bug of provision; please report it with the lines below', ...inertLines(stack)]
}

process.on('uncaughtException', (error) => leave(tell(error)))

const code = await runProgram(world(), PARTS).catch(tell)
// Work that nobody waits for any more (a bundle that is still compiling) must not keep us alive.
process.stdout.write('', () => process.stderr.write('', () => process.exit(code)))
