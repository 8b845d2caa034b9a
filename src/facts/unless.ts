import { type Fact, type Probe, probe } from '../core/fact.ts'
import { sha256 } from '../core/plan.ts'
import { quote } from '../core/quote.ts'

/** Whether a read-only piece of sh ends with status 0. What it prints is not kept. */
export const unless: Fact<string, boolean> = {
  name: 'unless',
  id: (script) => sha256(script).slice(0, 16),
  script: (asks) =>
    asks
      .map(
        (ask) =>
          `if ( eval ${quote(ask)} ) >/dev/null 2>&1 </dev/null; then printf '%s\\tholds\\n' ${unless.id(ask)}; fi`,
      )
      .join('\n'),
  parse: (lines) => lines.length > 0,
}

export function unlessProbe(script: string): Probe<string, boolean> {
  return probe(unless, script)
}
