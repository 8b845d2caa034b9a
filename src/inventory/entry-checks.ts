import { ENTRY_RULES, type EntryFinding } from './entry-rules.ts'
import type { Inventory } from './inventory.ts'
import type { Problem } from './problem.ts'
import type { Raw } from './resolve.ts'
import { placeKey } from './tree.ts'

/** What of ingress and certManager does not go together, or not with the rest of the inventory. */
export function entryProblems(raw: Raw, inventory: Inventory): readonly Problem[] {
  return ENTRY_RULES.flatMap((rule) =>
    rule
      .find(inventory, raw)
      .map((finding) => problemOf(raw, { ...finding, fix: `${finding.fix}; why: provision explain ${rule.id}` })),
  )
}

/** At the nearest place above it that stands in the file, where the value itself is a default. */
function problemOf(raw: Raw, { path, what, fix }: EntryFinding): Problem {
  for (let length = path.length; length > 0; length--) {
    const place = raw.places.get(placeKey(path.slice(0, length)))
    if (place) return { what, fix, spot: length === path.length ? place.value : (place.key ?? place.value) }
  }
  return { what, fix, spot: raw.root }
}
