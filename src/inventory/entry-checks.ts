import { ENTRY_RULES } from './entry-rules.ts'
import type { Inventory } from './inventory.ts'
import type { Problem } from './problem.ts'
import { problemAt } from './problem-at.ts'
import type { Raw } from './resolve.ts'

/** What of ingress and certManager does not go together, or not with the rest of the inventory. */
export function entryProblems(raw: Raw, inventory: Inventory): readonly Problem[] {
  return ENTRY_RULES.flatMap((rule) =>
    rule
      .find(inventory, raw)
      .map((finding) =>
        problemAt(raw, finding.path, finding.what, `${finding.fix}; why: provision explain ${rule.id}`),
      ),
  )
}
