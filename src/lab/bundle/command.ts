import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { FailedError } from '../../core/errors.ts'

const KEPT_LINES = 20

export interface CommandOptions {
  readonly cwd?: string
  /** Added to the environment this process has. */
  readonly env?: Readonly<Record<string, string>>
  /** Called with each line of either stream. */
  readonly onLine?: (line: string) => void
  readonly signal?: AbortSignal
  /** What to tell somebody when it fails. */
  readonly fix: string
}

/**
 * Runs a program on the operator's machine at low priority: it shares the machine with a run that is waiting for hosts.
 * Words are passed as they are, no shell. Its end is waited for; `signal` stops it with everything it started.
 * @returns what it wrote to standard output
 * @throws FailedError with its last lines
 */
export async function command(words: readonly [string, ...string[]], options: CommandOptions): Promise<string> {
  options.signal?.throwIfAborted()
  const child = spawn('nice', ['-n', '10', ...words], {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const stop = () => {
    // A group of its own: compilers started by `go` stop with it.
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGTERM')
  }
  options.signal?.addEventListener('abort', stop)
  const out: string[] = []
  const last: string[] = []
  const keep = (line: string) => {
    last.push(line)
    if (last.length > KEPT_LINES) last.shift()
    options.onLine?.(line)
  }
  createInterface(child.stdout).on('line', (line) => {
    out.push(line)
    keep(line)
  })
  createInterface(child.stderr).on('line', keep)
  const end = await new Promise<number | string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'no exit code'))
  })
  options.signal?.removeEventListener('abort', stop)
  options.signal?.throwIfAborted()
  if (end === 0) return out.join('\n')
  throw new FailedError({
    what: `${words.slice(0, 3).join(' ')} … ended with ${end}`,
    where: `this machine${options.cwd === undefined ? '' : `, ${options.cwd}`}`,
    why: last.join('\n') || 'it printed nothing',
    fix: options.fix,
  })
}
