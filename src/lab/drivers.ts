import { containerDriver } from './container/container-driver.ts'
import type { Driver, DriverPlace, LabDriver } from './machine.ts'
import { qemuDriver } from './qemu/qemu-driver.ts'
import { umlDriver } from './uml/uml-driver.ts'

export function makeDrivers(place: DriverPlace): Readonly<Record<Driver, LabDriver>> {
  return { uml: umlDriver(place), qemu: qemuDriver(place), container: containerDriver(place) }
}
