import type { Line } from '../core/fact.ts'

/**
 * Shell function `show ID NAME FILE`: prints `ID NAME first-line-of-FILE` when FILE can be read, and nothing when not.
 * Builtins only: the kernel answers from memory, and a fork is the dearest thing a look does.
 */
export const SHOW_FIRST_LINE = `show() {
v=
if [ -r "$3" ] && { IFS= read -r v <"$3" || [ -n "$v" ]; }; then printf '%s\\t%s\\t%s\\n' "$1" "$2" "$v"; fi
} 2>/dev/null`

/** Lines `NAME value` by name; the last one wins. Tabs within a value are kept. */
export function namedValues(lines: readonly Line[]): ReadonlyMap<string, string> {
  return new Map(lines.map(([name = '', ...value]) => [name, value.join('\t')]))
}
