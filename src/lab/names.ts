import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { InputError } from '../core/errors.ts'
import type { Machine, MachineSpec } from './machine.ts'

export const NAME_PATTERN = /^[a-z][a-z0-9-]{0,30}$/

/** Returns the name, or throws InputError. */
export function requireName(name: string, kind: string): string {
  if (NAME_PATTERN.test(name)) return name
  throw new InputError({
    what: `${JSON.stringify(name)} cannot be the name of a ${kind}`,
    why: 'it becomes part of host names and paths: small letters, digits and hyphens, a letter first, at most 31',
  })
}

/** A machine cannot change its shape while it exists. */
export function checkSpec(spec: MachineSpec, existing: readonly Machine[]): void {
  requireName(spec.name, 'machine')
  if (spec.driver !== 'qemu' && spec.extraDisksGiB !== undefined && spec.extraDisksGiB.length > 0) {
    throw new InputError({
      what: `lab machine ${spec.name} cannot have disks beside its first`,
      why: `only qemu machines have NVMe disks, this one is ${spec.driver}`,
      fix: 'set lab.driver to qemu, or leave the disks out',
    })
  }
  if (spec.driver === 'container' && spec.network !== undefined) {
    throw new InputError({
      what: `lab machine ${spec.name} cannot have a network of its own making`,
      why: 'containers are on the network of dockerd: no MTU, delay, loss or rate can be given to them',
      fix: 'leave lab.lan, lab.wan and lab.links out, or set lab.driver to uml',
    })
  }
  const machine = existing.find(({ name }) => name === spec.name)
  if (machine === undefined || isDeepStrictEqual(shapeOf(machine.spec), shapeOf(spec))) return
  throw new InputError({
    what: `lab machine ${spec.name} exists with another shape`,
    where: machine.folder,
    why: `it is ${JSON.stringify(machine.spec)}, wanted is ${JSON.stringify(spec)}`,
    fix: 'remove it first with: provision lab down',
  })
}

/** All of a machine but its network, which may change. */
function shapeOf({ network: _, ...shape }: MachineSpec): Omit<MachineSpec, 'network'> {
  return shape
}

/** The smallest number no machine has. */
export function freeIndex(machines: readonly Pick<Machine, 'index'>[]): number {
  const used = new Set(machines.map((machine) => machine.index))
  let index = 1
  while (used.has(index)) index++
  return index
}

/** Unique for the folder, so that labs of one name in two checkouts do not meet. */
export function namespaceOf(name: string, folder: string): string {
  return `provision-${name}-${createHash('sha256').update(folder).digest('hex').slice(0, 6)}`
}
