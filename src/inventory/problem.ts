import { InputError } from '../core/errors.ts'
import { hidden } from './secret-mask.ts'
import type { Source } from './source.ts'

/** A stretch of a source that a problem is about. */
export interface Spot {
  readonly source: Source
  readonly start: number
  readonly end: number
}

export interface Problem {
  /** One sentence with the value in it. */
  readonly what: string
  /** What to write instead. */
  readonly fix?: string
  readonly spot: Spot
}

const shownProblems = 40

/** Everything that is wrong with an inventory, in the order of its lines; `message` is meant to be printed as it is. */
export class InventoryError extends InputError {
  readonly problems: readonly Problem[]

  constructor(file: string, problems: readonly Problem[]) {
    const sorted = inOrder(problems)
    const [first] = sorted
    super({
      what: `${file} has ${counted(sorted.length)}, nothing was done\n\n${problemsText(sorted)}`,
      ...(first ? { where: whereOf(first) } : {}),
    })
    this.problems = sorted
  }
}

export function whereOf(problem: Problem): string {
  return problem.spot.source.where(problem.spot.start)
}

/**
 * Sorted by place. Of several problems with one value the first reported stays, others follow from it; what is missing
 * has a place without width, and never hides anything.
 */
function inOrder(problems: readonly Problem[]): readonly Problem[] {
  const order = ({ spot: a }: Problem, { spot: b }: Problem) =>
    a.source.rank - b.source.rank || a.start - b.start || b.end - a.end
  return problems.toSorted(order).filter((problem, index, sorted) => {
    const before = sorted[index - 1]
    return before === undefined || problem.spot.end === problem.spot.start || order(before, problem) !== 0
  })
}

function problemsText(problems: readonly Problem[]): string {
  const cards = problems.slice(0, shownProblems).map(problemText)
  const more = problems.length - cards.length
  if (more > 0) cards.push(`… and ${more} more`)
  return cards.join('\n\n')
}

/** Place, sentence, the line with the spot underlined, and the fix. */
export function problemText(problem: Problem): string {
  const { source, start, end } = problem.spot
  const { line, column } = source.position(start)
  const shown = source.shownLine(line)
  const number = String(line)
  const from = Math.max(0, column - 1 - 60)
  const excerpt = [...shown].slice(from, from + 100).join('')
  const caretAt = column - 1 - from
  const rest = [...excerpt].slice(caretAt).join('')
  const length = rest.startsWith(hidden) ? hidden.length : [...source.text.slice(start, end)].length
  const width = Math.max(1, Math.min(length, [...rest].length))
  const lines = [
    `${source.file}:${line}:${column}`,
    `  ${problem.what}`,
    `  ${number} | ${excerpt}`,
    `  ${' '.repeat(number.length)} | ${' '.repeat(caretAt)}${'^'.repeat(width)}`,
  ]
  if (problem.fix) lines.push(`  fix: ${problem.fix}`)
  return lines.join('\n')
}

function counted(count: number): string {
  return count === 1 ? '1 problem' : `${count} problems`
}
