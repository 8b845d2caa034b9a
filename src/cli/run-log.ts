import type { Event, Failure, HostResult } from '../core/events.ts'
import type { HostPlan, PlannedResource } from '../core/plan.ts'

/** What events told of the run so far. They were redacted on their way, so everything in here may be shown. */
export class RunLog {
  readonly plans = new Map<string, HostPlan>()
  readonly results = new Map<string, HostResult>()
  /** By host and key, as last reported. */
  readonly settled = new Map<string, { readonly host: string; readonly resource: PlannedResource }>()

  on(event: Event): void {
    if (event.type === 'plan') this.plans.set(event.host, event.plan)
    else if (event.type === 'host') this.results.set(event.host, event.result)
    else if (event.type === 'resource') this.settled.set(`${event.host} ${event.resource.key}`, event)
  }

  /** One more resource in the plan of a host. */
  add(host: string, resource: PlannedResource): void {
    const plan = this.plans.get(host)
    if (plan) this.plans.set(host, { ...plan, resources: [...plan.resources, resource] })
  }

  get failures(): readonly Failure[] {
    return [...this.results.values()].flatMap(({ failures }) => failures)
  }
}
