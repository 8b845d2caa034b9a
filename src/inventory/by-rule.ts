import type { Problem } from './problem.ts'

/** The same problems, with where one can read on. */
export function byRule(id: string, problems: readonly Problem[]): readonly Problem[] {
  return problems.map((each) => ({ ...each, fix: `${each.fix}; why: provision explain ${id}` }))
}
