import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Writable } from 'node:stream'
import { FailedError } from '../../core/errors.ts'
import { argv as words } from '../../core/quote.ts'

export interface CommandOptions {
  /** Time the command may take before it and its children are killed. */
  readonly deadlineMs: number
  readonly cwd?: string
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>
  /** Written to standard input; without it the command reads end of file. */
  readonly input?: string
  /** File that both streams are appended to. */
  readonly log?: string
  /** Called for every line of either stream. */
  readonly onLine?: (line: string) => void
  readonly signal?: AbortSignal
}

export interface CommandResult {
  /** Exit code; 128 + n when signal n ended it, as a shell says it. */
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  readonly timedOut: boolean
}

/**
 * Beside the command, in its group, waits a shell for the end of a pipe that we hold open. It ends when we say so, or
 * when the kernel closes it because we are gone; then whatever is left of the group is killed.
 */
const GUARDED = '(read -r end <&3; kill -KILL 0) </dev/null >/dev/null 2>&1 & exec 3<&-; exec "$@"'

/** Standard output kept in memory; commands that say more must write to a file. */
const KEPT_BYTES = 16 * 1024 * 1024

/**
 * Runs one command on this machine; no word of it is read by a shell. It has a process group of its own, which ends
 * as a whole at the deadline, and when this program ends, however that ends.
 */
export async function command(argv: readonly string[], options: CommandOptions): Promise<CommandResult> {
  const child = spawn('sh', ['-c', GUARDED, 'sh', ...withEnvironment(argv, options.env)], {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  })
  const life = child.stdio[3] as Writable
  life.on('error', () => {})
  child.once('exit', () => life.destroy())
  const log = options.log === undefined ? undefined : createWriteStream(options.log, { flags: 'a' })
  log?.write(`$ ${words(argv)}\n`)
  const kept = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      log?.write(text)
      if (kept[name].length < KEPT_BYTES) kept[name] += text
    })
    if (options.onLine) createInterface({ input: child[name] }).on('line', options.onLine)
  }
  // A command that ends before it has read its input is no error of ours.
  child.stdin.on('error', () => {}).end(options.input ?? '')

  let timedOut = false
  const kill = () => killGroup(child.pid)
  const timer = setTimeout(() => {
    timedOut = true
    kill()
  }, options.deadlineMs)
  options.signal?.addEventListener('abort', kill, { once: true })
  try {
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
    return { ...kept, timedOut, code: code ?? 128 + (signal === 'SIGKILL' ? 9 : 15) }
  } finally {
    clearTimeout(timer)
    options.signal?.removeEventListener('abort', kill)
    log?.end()
  }
}

/** As `command`, but any exit code other than 0 is an error that carries the last lines. Returns standard output. */
export async function must(argv: readonly string[], options: CommandOptions): Promise<string> {
  const result = await command(argv, options)
  if (result.code === 0) return result.stdout
  throw failed(argv, result, options)
}

/** The error of a command that ended with another code than it should. */
export function failed(argv: readonly string[], result: CommandResult, options: CommandOptions): FailedError {
  const last = lastLines(result.stderr || result.stdout, 8)
  return new FailedError({
    what: `${argv[0]} ${result.timedOut ? `did not end within ${options.deadlineMs / 1000} s` : `ended with ${result.code}`}`,
    where: 'this machine',
    why: last || 'it printed nothing',
    fix: `${options.log === undefined ? '' : `read ${options.log}, then `}run by hand: ${words(withEnvironment(argv, options.env))}`,
  })
}

export function lastLines(text: string, count: number): string {
  return text.trimEnd().split('\n').slice(-count).join('\n')
}

/** `env` merges with the environment that is inherited, so this file need not read it. */
function withEnvironment(argv: readonly string[], env: Readonly<Record<string, string>> = {}): readonly string[] {
  const pairs = Object.entries(env).map(([name, value]) => `${name}=${value}`)
  return pairs.length === 0 ? argv : ['env', ...pairs, ...argv]
}

function killGroup(pid: number | undefined): void {
  if (pid !== undefined) spawn('kill', ['-KILL', '--', `-${pid}`], { stdio: 'ignore' }).on('error', () => {})
}
