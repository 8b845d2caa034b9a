import type { Trouble } from './errors.ts'
import type { Counters, Peer } from './host.ts'
import type { Matrix } from './matrix.ts'
import type { HostPlan, PlannedResource } from './plan.ts'

/**
 * Everything a run has to say. Renderers (tree, lines, JSON, report) only listen. `t` is milliseconds since the run began,
 * from a monotonic clock. Text that came from a host is raw here; renderers sanitise it.
 */
export type Event = { readonly t: number } & EventBody

export type EventBody =
  | {
      readonly type: 'run'
      readonly run: string
      readonly command: string
      readonly hosts: readonly string[]
      readonly version: string
    }
  | TaskEvent
  | { readonly type: 'connected'; readonly host: string; readonly peer: Peer; readonly ms: number }
  | { readonly type: 'looked'; readonly host: string; readonly resources: number; readonly ms: number }
  | { readonly type: 'notice'; readonly host?: string; readonly text: string }
  /** What was measured of every pair of hosts, or of pods on them. */
  | { readonly type: 'measured'; readonly between: 'hosts' | 'pods'; readonly matrices: readonly Matrix[] }
  | { readonly type: 'plan'; readonly host: string; readonly plan: HostPlan }
  | {
      readonly type: 'wave'
      readonly host: string
      readonly wave: number
      readonly steps: number
      readonly resources: readonly string[]
    }
  | { readonly type: 'waiting'; readonly host: string; readonly for: string }
  | { readonly type: 'upload'; readonly host: string; readonly sent: number; readonly total: number }
  | {
      readonly type: 'step'
      readonly host: string
      readonly key: string
      readonly title: string
      readonly section: string
      readonly state: 'start'
    }
  | {
      readonly type: 'step'
      readonly host: string
      readonly key: string
      readonly title: string
      readonly section: string
      readonly state: 'ok' | 'failed' | 'skipped'
      readonly ms: number
    }
  | { readonly type: 'output'; readonly host: string; readonly key: string; readonly text: string }
  | {
      readonly type: 'resource'
      readonly host: string
      readonly resource: PlannedResource
      readonly result: ResourceResult
    }
  | { readonly type: 'host'; readonly host: string; readonly result: HostResult }
  | {
      readonly type: 'end'
      readonly ms: number
      readonly exit: number
      readonly hosts: readonly HostResult[]
      readonly criticalPath: readonly PathPart[]
    }

/** Work on the operator's machine: making lab machines, compiling a bundle, downloading. */
export interface TaskEvent {
  readonly type: 'task'
  /** Stable id, e.g. `bundle/kubernetes`. A `/` makes it a child. */
  readonly id: string
  readonly title: string
  readonly state: 'start' | 'progress' | 'ok' | 'cached' | 'failed'
  /** Last line of output, or what is being waited for. */
  readonly line?: string
  readonly done?: number
  readonly total?: number
  readonly unit?: 'bytes' | 'items'
  readonly ms?: number
}

export type Report = (event: EventBody) => void

/** What became of a resource. `met`, `unmet`, `advised` and `accepted` are requirements: never changed, only judged. */
export type ResourceResult = 'unchanged' | 'changed' | 'failed' | 'skipped' | 'met' | 'unmet' | 'advised' | 'accepted'

export interface HostResult {
  readonly host: string
  readonly verdict: 'ok' | 'failed' | 'unmet' | 'unreachable' | 'locked' | 'moved' | 'interrupted'
  readonly changed: number
  readonly unchanged: number
  readonly failed: number
  readonly skipped: number
  readonly unmet: number
  readonly accepted: number
  readonly ms: number
  readonly counters: Counters
  readonly failures: readonly Failure[]
}

/** One card: what a person needs to go on. */
export interface Failure {
  readonly host: string
  readonly key?: string
  readonly title?: string
  readonly section?: string
  readonly trouble: Trouble
  /** Last lines the step printed, raw. */
  readonly lines?: readonly string[]
  readonly code?: number
}

/** A stretch of the run that everything after it had to wait for. */
export interface PathPart {
  readonly what: string
  readonly host?: string
  readonly fromMs: number
  readonly toMs: number
}
