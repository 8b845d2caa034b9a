import type { Problem } from './problem.ts'
import type { Raw } from './resolve.ts'
import { type Path, placeKey } from './tree.ts'

/** A problem of the value at a path; where that is a default, at the nearest place above it that stands in the file. */
export function problemAt(raw: Raw, path: Path, what: string, fix: string): Problem {
  for (let length = path.length; length > 0; length--) {
    const place = raw.places.get(placeKey(path.slice(0, length)))
    if (place) return { what, fix, spot: length === path.length ? place.value : (place.key ?? place.value) }
  }
  return { what, fix, spot: raw.root }
}
