import type { Report } from '../core/events.ts'
import type { Driver, LabDriver } from './machine.ts'
import type { LabFolder } from './state.ts'

/** What the parts of a lab work with. */
export interface LabContext {
  readonly folder: LabFolder
  readonly report: Report
  readonly drivers: Readonly<Record<Driver, LabDriver>>
  readonly namespace: string
}
