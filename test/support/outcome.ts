import type { Finding } from '../../src/core/finding.ts'
import { type Ended, eventsOf } from './command-line.ts'

/** Keys of what a run changed, in the order it was done; of one host, or of all. */
export function changed(ended: Pick<Ended, 'events'>, host?: string): readonly string[] {
  return eventsOf(ended, 'resource')
    .filter((event) => event.result === 'changed' && (host === undefined || event.host === host))
    .map(({ resource }) => resource.key)
}

/** `HOST KEY` of what a run changed. */
export function changedAnywhere(ended: Pick<Ended, 'events'>): readonly string[] {
  return eventsOf(ended, 'resource').flatMap(({ host, resource, result }) =>
    result === 'changed' ? [`${host} ${resource.key}`] : [],
  )
}

/** How a run ended on each host. */
export function verdicts(ended: Pick<Ended, 'events'>): Readonly<Record<string, string>> {
  return Object.fromEntries(eventsOf(ended, 'host').map(({ host, result }) => [host, result.verdict]))
}

/** What a run that acts said of a resource on a host. */
export function note(ended: Pick<Ended, 'events'>, host: string, key: string): string | undefined {
  return eventsOf(ended, 'resource').find((event) => event.host === host && event.resource.key === key)?.resource.note
}

/** What a run that only looks found on a host, by id. */
export function findings(ended: Pick<Ended, 'events'>, host: string): ReadonlyMap<string, Finding> {
  const plans = eventsOf(ended, 'plan').filter((event) => event.host === host)
  const all = plans.flatMap(({ plan }) => plan.resources.flatMap(({ finding }) => finding ?? []))
  return new Map(all.map((finding) => [finding.id, finding]))
}
