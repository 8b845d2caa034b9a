import { InventoryError } from '../../src/inventory/problem.ts'
import { load } from '../inventory/load.ts'

/** The rule a problem names, as `provision explain` takes it; undefined where it names none. */
export function ruleNamed({ fix = '' }: { readonly fix?: string }): string | undefined {
  return /; why: provision explain ([a-z0-9-]+)$/.exec(fix)?.[1]
}

/** Names of the rules that provision refuses a text by, sorted; a problem without one stands in full. None: it is taken. */
export function verdictOf(text: string): readonly string[] {
  try {
    load(text)
    return []
  } catch (error) {
    if (!(error instanceof InventoryError)) throw error
    return [...new Set(error.problems.map((problem) => ruleNamed(problem) ?? problem.what))].toSorted()
  }
}
