import type { Cache } from './cache.ts'
import type { Driver, LabDriver } from './machine.ts'
import { qemuDriver } from './qemu/qemu-driver.ts'
import { umlDriver } from './uml/uml-driver.ts'

/** What a driver is told about the lab it works for. */
export interface DriverPlace {
  readonly cache: Cache
  /** Network namespace of the lab. */
  readonly namespace: string
}

export function makeDrivers(place: DriverPlace): Readonly<Record<Driver, LabDriver>> {
  return { uml: umlDriver(place), qemu: qemuDriver(place) } as never
}
