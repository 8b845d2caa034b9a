import type { Command } from 'commander'
import { EXIT } from '../core/errors.ts'

/** What `--help` says beyond usage and options. */
export interface Page {
  /** For the list of verbs: begins with a small letter, has no full stop. */
  readonly summary: string
  /** Paragraphs. */
  readonly description: readonly string[]
  readonly examples: readonly (readonly [command: string, what: string])[]
  readonly files?: readonly (readonly [path: string, what: string])[]
  /** Names of the codes this verb may end with; `ok`, `bug`, `input` and `interrupted` always. */
  readonly exits?: readonly (keyof typeof EXIT)[]
}

/** What every exit code means. Documented, tested, and never renumbered within a major version. */
export const EXIT_MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  ok: 'done, or nothing to do',
  bug: 'a fault of provision itself',
  input: 'wrong usage or a wrong inventory: nothing was done',
  failed: 'at least one host failed while it was being changed',
  unmet: 'at least one host does not meet a requirement: it was not changed; or the network failed its proof',
  unreachable: 'a host could not be reached, did not prove who it is, or did not let us in',
  locked: 'somebody else is changing the host',
  moved: 'the host is no longer what the plan saw',
  changes: 'something would change: with --detailed-exitcode, or with lock',
  interrupted: 'stopped by the user',
}

const ALWAYS: readonly (keyof typeof EXIT)[] = ['ok', 'bug', 'input', 'interrupted']

export function exitCodeLines(
  names: readonly (keyof typeof EXIT)[] = Object.keys(EXIT) as (keyof typeof EXIT)[],
): readonly string[] {
  return (Object.keys(EXIT) as (keyof typeof EXIT)[])
    .filter((name) => names.includes(name))
    .map((name) => `  ${String(EXIT[name]).padStart(3)}  ${EXIT_MEANINGS[name]}`)
}

/** Gives a verb its page: what `--help` prints is the manual. */
export function describe(command: Command, page: Page): Command {
  return command.summary(page.summary).description(page.description.join('\n\n')).addHelpText('after', pageText(page))
}

function pageText({ exits, examples, files }: Page): string {
  const sections = [
    ['Exit codes:', ...exitCodeLines([...ALWAYS, ...(exits ?? [])])],
    ['Examples:', ...table(examples)],
    ...(files ? [['Files:', ...table(files)]] : []),
  ]
  return `\n${sections.map((lines) => lines.join('\n')).join('\n\n')}\n`
}

function table(rows: readonly (readonly [string, string])[]): readonly string[] {
  const width = Math.max(...rows.map(([first]) => first.length))
  return rows.map(([first, second]) => `  ${first.padEnd(width)}  ${second}`)
}
