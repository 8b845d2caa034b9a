import { structuredPatch } from 'diff'
import { count } from './figure.ts'
import type { Paint } from './paint.ts'
import { inertLines } from './sanitise.ts'

/** Lines of a diff that are shown before the rest is folded. */
const FOLD_AFTER_LINES = 400
/** Unchanged lines around a change. */
const CONTEXT_LINES = 3
/** Longest time the search for a small diff may take; beyond it everything counts as replaced. */
const DIFF_TIMEOUT_MS = 500

export interface DiffText {
  readonly before: string
  readonly after: string
}

/** A unified diff, without file names: those stand above it. Lines are inert and without colour. */
export function unifiedDiff({ before, after }: DiffText): readonly string[] {
  const patch = structuredPatch('', '', before, after, '', '', { context: CONTEXT_LINES, timeout: DIFF_TIMEOUT_MS })
  if (!patch) return replaced({ before, after })
  return patch.hunks.flatMap((hunk) => [
    `@@ -${range(hunk.oldStart, hunk.oldLines)} +${range(hunk.newStart, hunk.newLines)} @@`,
    ...hunk.lines.flatMap((line) => inertLines(line)),
  ])
}

/** As `diff -u` writes it: nothing at all stands behind line 0. */
function range(start: number, lines: number): string {
  return `${lines === 0 ? start - 1 : start},${lines}`
}

function replaced({ before, after }: DiffText): readonly string[] {
  const signed = (sign: string, text: string) => inertLines(text).map((line) => `${sign}${line}`)
  return ['@@ everything is replaced @@', ...signed('-', before), ...signed('+', after)]
}

/** Folds what nobody reads in a terminal; `--verbose` shows all of it. */
export function fold(lines: readonly string[], verbose: boolean): readonly string[] {
  if (verbose || lines.length <= FOLD_AFTER_LINES) return lines
  const rest = lines.slice(FOLD_AFTER_LINES)
  const added = rest.filter((line) => line.startsWith('+')).length
  const removed = rest.filter((line) => line.startsWith('-')).length
  return [
    ...lines.slice(0, FOLD_AFTER_LINES),
    `… ${count(rest.length, 'more line')} (+${added} -${removed}); --verbose shows them`,
  ]
}

export function paintDiff(line: string, paint: Paint): string {
  if (line.startsWith('+')) return paint.add(line)
  if (line.startsWith('-')) return paint.remove(line)
  return line.startsWith('@@') || line.startsWith('…') ? paint.faint(line) : line
}
