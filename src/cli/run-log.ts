import type { Event, Failure, HostResult, ResourceResult } from '../core/events.ts'
import type { HostPlan, PlannedResource } from '../core/plan.ts'

export interface Settled {
  readonly host: string
  readonly resource: PlannedResource
  readonly result: ResourceResult
}

/** What events told of the run so far. They were redacted on their way, so everything in here may be shown. */
export class RunLog {
  /** By host and key, as last reported. */
  readonly settled = new Map<string, Settled>()
  readonly #plans = new Map<string, HostPlan>()
  readonly #added = new Map<string, readonly PlannedResource[]>()
  readonly #results = new Map<string, HostResult>()
  readonly #order: readonly string[]

  /** `order` of hosts in everything that is shown, whichever is done first. */
  constructor(order: readonly string[]) {
    this.#order = order
  }

  on(event: Event): void {
    if (event.type === 'plan') this.#plans.set(event.host, event.plan)
    else if (event.type === 'host') this.#results.set(event.host, event.result)
    else if (event.type === 'resource') this.settled.set(`${event.host} ${event.resource.key}`, event)
  }

  get plans(): readonly HostPlan[] {
    return this.#sorted(this.#plans).map((plan) => ({
      ...plan,
      resources: [...plan.resources, ...(this.#added.get(plan.host) ?? [])],
    }))
  }

  get results(): readonly HostResult[] {
    return this.#sorted(this.#results)
  }

  get failures(): readonly Failure[] {
    return this.results.flatMap(({ failures }) => failures)
  }

  #sorted<T>(found: ReadonlyMap<string, T>): readonly T[] {
    const place = (host: string) => this.#order.indexOf(host)
    return [...found].toSorted(([a], [b]) => place(a) - place(b)).map(([, value]) => value)
  }

  /** One more resource in the plan of a host. */
  add(host: string, resource: PlannedResource): void {
    this.#added.set(host, [...(this.#added.get(host) ?? []), resource])
  }
}
