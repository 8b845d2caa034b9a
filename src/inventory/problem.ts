import { InputError } from '../core/errors.ts'
import { hidden, type Source } from './source.ts'

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

/** Sorted by place; of several problems at one place the first reported stays. */
function inOrder(problems: readonly Problem[]): readonly Problem[] {
  const seen = new Map<string, Problem>()
  for (const problem of problems) {
    const place = `${problem.spot.source.file} ${problem.spot.source.text.length} ${problem.spot.start}`
    if (!seen.has(place)) seen.set(place, problem)
  }
  const rank = (problem: Problem) => (problem.spot.source.file === '--set' ? 1 : 0)
  return [...seen.values()].sort((a, b) => rank(a) - rank(b) || a.spot.start - b.spot.start)
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
