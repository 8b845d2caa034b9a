import type { HostResult, PathPart, ResourceResult } from '../../core/events.ts'
import type { Matrix } from '../../core/matrix.ts'
import type { HostPlan, PlannedResource } from '../../core/plan.ts'
import type { Timeline } from './timeline.ts'

/** Everything a report is made of: data that may be shown, secrets already replaced. Hosts stand in the inventory's order. */
export interface ReportData {
  /** Name of the cluster. */
  readonly cluster: string
  /** Operator and machine the run was started by and on. */
  readonly who: string
  readonly startedAt: Date
  /** What hosts were visited for: to be changed, to show what would be, to be measured, or to prove the network between them. */
  readonly aim: 'act' | 'look' | 'judge' | 'prove'
  readonly ms: number
  readonly exit: number
  /** Somebody was asked and did not say yes. */
  readonly declined: boolean
  readonly criticalPath: readonly PathPart[]
  readonly plans: readonly HostPlan[]
  readonly results: readonly HostResult[]
  readonly settled: readonly Settled[]
  /** Keys of the resources that are the proof. */
  readonly proofKeys: ReadonlySet<string>
  readonly timeline: Timeline
  /** What was measured between hosts. */
  readonly matrices: readonly Matrix[]
}

/** A resource and what became of it. */
export interface Settled {
  readonly host: string
  readonly resource: PlannedResource
  readonly result: ResourceResult
}

/** What the parts of a report are made from. */
export interface ReportView extends ReportData {
  /** Every resource of every plan as it was last seen. */
  readonly seen: readonly Seen[]
  /** Hosts that have a plan but were not visited: their machines do not exist yet. */
  readonly unvisited: readonly string[]
}

/** A resource as it was last seen, and what became of it if that is known. */
export interface Seen {
  readonly host: string
  readonly resource: PlannedResource
  readonly result: ResourceResult | undefined
}

export function reportView(data: ReportData): ReportView {
  const visited = new Set(data.results.map(({ host }) => host))
  const unvisited = data.plans.map(({ host }) => host).filter((host) => !visited.has(host))
  return { ...data, seen: lastSeen(data), unvisited }
}

function lastSeen({ plans, settled }: Pick<ReportData, 'plans' | 'settled'>): readonly Seen[] {
  const known = new Map(settled.map((item) => [`${item.host} ${item.resource.key}`, item]))
  return plans.flatMap(({ host, resources }) =>
    resources.map((resource) => known.get(`${host} ${resource.key}`) ?? { host, resource, result: undefined }),
  )
}
