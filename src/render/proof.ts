import type { PlannedResource } from '../core/plan.ts'
import type { Paint } from './paint.ts'
import { inert } from './sanitise.ts'

export interface Proven {
  readonly host: string
  readonly resource: PlannedResource
}

/** What was seen to work, with its evidence, and what the operator chose to live with. */
export function proof(proven: readonly Proven[], deviations: readonly Proven[], paint: Paint): readonly string[] {
  const seen = grouped(proven, ({ title, note }) => `${inert(title)}${note === undefined ? '' : `: ${inert(note)}`}`)
  const accepted = grouped(
    deviations,
    ({ title, finding }) =>
      `${inert(title)}: ${inert(finding?.evidence ?? '')} (accepted: ${inert(finding?.accepted ?? '')})`,
  )
  return [
    ...(seen.length > 0 ? [paint.strong('Proof'), ...seen.map((line) => `  ${paint.good('✓')} ${line}`)] : []),
    ...(accepted.length > 0
      ? [paint.strong('Accepted deviations'), ...accepted.map((line) => `  ${paint.warn('○')} ${line}`)]
      : []),
  ]
}

/** One line for what several hosts have in common. */
function grouped(items: readonly Proven[], text: (resource: PlannedResource) => string): readonly string[] {
  return [...Map.groupBy(items, ({ resource }) => text(resource))].map(([line, same]) => {
    const hosts = same.map(({ host }) => inert(host))
    return `${line} [${hosts.length > 3 ? `${hosts.length} hosts` : hosts.join(', ')}]`
  })
}
