import { StringDecoder } from 'node:string_decoder'
import { $ } from 'zx'
import { quote } from '../core/quote.ts'

export interface LocalResult {
  /** Exit code; 127 when there is no such program; 128 + n when signal n ended it. */
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface LocalOptions {
  readonly cwd?: string
  /** The whole environment of the command; without it, the one of this process. */
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string | Uint8Array
  /** Called for each line of either stream as it arrives, without its newline. */
  readonly onLine?: (line: string, stream: 'stdout' | 'stderr') => void
  /** Aborting sends SIGTERM to the command and its children. */
  readonly signal?: AbortSignal
}

/**
 * Runs one command on the operator's machine. Never throws for what the command does: a code other than 0 is the
 * caller's to judge. zx starts it through a shell, so every word passes our own `quote` first.
 */
export async function local(argv: readonly string[], options: LocalOptions = {}): Promise<LocalResult> {
  if (argv[0] === undefined) throw new TypeError('local() needs a program')
  // zx would take an error of `quote` for one of the command.
  argv.forEach(quote)
  const { cwd, env, input, onLine, signal } = options
  // `exec`: the process that is signalled is the command, not a shell around it.
  const run = $({
    shell: '/bin/sh',
    prefix: 'exec ',
    postfix: '',
    quote,
    nothrow: true,
    quiet: true,
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    ...(cwd === undefined ? {} : { cwd }),
    ...(env === undefined ? {} : { env: { ...env } }),
    ...(input === undefined ? {} : { input: Buffer.from(input) }),
    ...(signal === undefined ? {} : { signal }),
  })`${argv}`
  const flush = onLine === undefined ? [] : [lines(run.stdout, 'stdout', onLine), lines(run.stderr, 'stderr', onLine)]
  const result = await run
  for (const last of flush) last()
  const { exitCode, signal: endedBy, stdout, stderr } = result
  // A negative code is the errno of a process that never was.
  if ((exitCode ?? 0) < 0 || (exitCode === null && endedBy === null)) {
    return { code: 127, stdout, stderr: `${stderr}cannot start ${argv[0]}${cwd === undefined ? '' : ` in ${cwd}`}\n` }
  }
  return { code: exitCode ?? 128 + signalNumber(endedBy), stdout, stderr }
}

function lines(stream: NodeJS.ReadableStream, name: 'stdout' | 'stderr', onLine: NonNullable<LocalOptions['onLine']>) {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  stream.on('data', (chunk: Buffer) => {
    const parts = (rest + decoder.write(chunk)).split('\n')
    rest = parts.pop() ?? ''
    for (const line of parts) onLine(line, name)
  })
  return () => {
    if (rest !== '') onLine(rest, name)
  }
}

const SIGNALS: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGPIPE: 13,
  SIGTERM: 15,
}

function signalNumber(name: NodeJS.Signals | null): number {
  return name === null ? 0 : (SIGNALS[name] ?? 0)
}
