import { judged } from './finding.ts'
import { type HostPlan, type PlannedResource, sha256 } from './plan.ts'
import type { Compiled, CompiledResource } from './play.ts'
import type { Key } from './resource.ts'
import { type Decided, select } from './select.ts'
import type { Step } from './step.ts'

/** What a first look says a run would do to a host. */
export function planHost(hostKey: string, compiled: Compiled, decided: ReadonlyMap<Key, Decided>): HostPlan {
  const { postponed } = select(compiled.resources, decided, new Map())
  const waits = new Map(
    postponed.filter(({ mayDiffer }) => mayDiffer).map(({ item, after }) => [item.resource.key, after]),
  )
  return {
    host: compiled.host,
    hostKey,
    resources: compiled.resources.map((item) =>
      plannedResource(item, decided.get(item.resource.key), waits.get(item.resource.key)),
    ),
  }
}

/** One line of a plan. `after` is set when the resource will be looked at again before anything is done to it. */
export function plannedResource(
  item: CompiledResource,
  decided: Decided | undefined,
  after?: readonly string[],
): PlannedResource {
  const { resource, section } = item
  const base = {
    key: resource.key,
    title: resource.title,
    section,
    changes: [],
    steps: [],
    paths: resource.paths,
    seen: '',
    after: after ?? [],
  }
  const decision = decided?.decision
  if (!decision) return { ...base, verdict: 'later' }
  switch (decision.verdict) {
    case 'unknown':
      return { ...base, verdict: after ? 'later' : 'failed', note: decision.reason }
    case 'same': {
      const verdict = after ? 'expected' : 'same'
      return {
        ...base,
        verdict,
        ...(decision.evidence === undefined ? {} : { note: decision.evidence }),
        ...(decision.figures === undefined ? {} : { figures: decision.figures }),
      }
    }
    case 'finding':
      return { ...base, verdict: judged(decision.finding), finding: decision.finding, note: decision.finding.evidence }
    case 'differs':
      return {
        ...base,
        // Its steps are made from what it awaits.
        verdict: decision.awaits !== undefined ? 'later' : after ? 'expected' : 'change',
        changes: decision.changes,
        steps: decision.steps.map((step) => ({ title: step.title, sha256: stepDigest(step) })),
        paths: decision.paths ?? resource.paths,
        seen: decided?.seen ?? '',
      }
  }
}

/** The same for two runs that would do the same, although each has measured for itself. */
function stepDigest({ body, measured = [] }: Step): string {
  return sha256(measured.reduce((text, figure) => text.replaceAll(figure, ''), body))
}
