import { FailedError } from '../../core/errors.ts'
import { command, lastLines } from '../local/command.ts'

const LAST_LINES = 20

/** Far more than the slowest part took on two busy cores; a build that hangs must end some day. */
const DEADLINE_MS = 2 * 60 * 60_000

/** What `nice` ends with when there is no such program. */
const NOT_FOUND = 127

export interface BuildCommandOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Called with each line of either stream. */
  readonly onLine?: (line: string) => void
  readonly signal?: AbortSignal
  /** What to tell somebody when it fails. */
  readonly fix: string
}

/**
 * Runs a compiler or packer at low priority: the machine is shared with a run that is waiting for hosts.
 * @returns what it wrote to standard output
 * @throws FailedError with its last lines
 */
export async function buildCommand(
  words: readonly string[],
  { fix, ...options }: BuildCommandOptions,
): Promise<string> {
  options.signal?.throwIfAborted()
  const result = await command(['nice', '-n', '10', ...words], { ...options, deadlineMs: DEADLINE_MS })
  options.signal?.throwIfAborted()
  if (result.code === 0) return result.stdout.trimEnd()
  throw new FailedError({
    what:
      result.code === NOT_FOUND
        ? `${words[0]} is not on this machine`
        : `\`${words.slice(0, 3).join(' ')}\` ${result.timedOut ? `has not ended after ${DEADLINE_MS / 60_000} minutes` : `ended with ${result.code}`}`,
    where: options.cwd === undefined ? 'this machine' : `this machine, ${options.cwd}`,
    why: lastLines(result.stderr || result.stdout, LAST_LINES) || 'it printed nothing',
    fix,
  })
}
