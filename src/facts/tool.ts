import type { Fact } from '../core/fact.ts'
import { argv } from '../core/quote.ts'

/** Whether a program is on the path. */
export const tool: Fact<string, boolean> = {
  name: 'tool',
  id: (name) => name,
  script: (names) => `for name in ${argv(names)}; do
if command -v "$name" >/dev/null 2>&1; then printf '%s\\tyes\\n' "$name"; fi
done`,
  parse: (lines) => lines.length > 0,
}
