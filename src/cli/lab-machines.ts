import { argv as shellWords } from '../core/quote.ts'
import type { Host, Inventory } from '../inventory/inventory.ts'
import { type Lab, openLab } from '../lab/lab.ts'
import type { Driver, Machine, MachineSpec } from '../lab/machine.ts'
import { cacheFolder, labFolder } from './folders.ts'
import type { LabMachines, LocalWork } from './parts.ts'

const DEFAULT_CPUS = 2

export function labOf(inventory: Inventory, { world, report }: Pick<LocalWork, 'world' | 'report'>): Lab {
  return openLab({ stateDir: labFolder(world), cacheDir: cacheFolder(world), name: inventory.name, report })
}

/** Makes, starts or only finds the machines of an inventory's lab hosts. */
export async function labMachines(inventory: Inventory, hosts: readonly Host[], work: LocalWork): Promise<LabMachines> {
  const inLab = hosts.filter(({ lab }) => lab !== undefined)
  if (inLab.length === 0) return { place: (host) => host, missing: new Map() }
  const lab = labOf(inventory, work)
  const specs = inLab.map((host) => specOf(host))
  const machines = work.make
    ? await lab.up(specs)
    : (await lab.list()).filter(({ running }) => running).map(({ machine }) => machine)
  const byName = new Map(machines.map((machine) => [machine.name, machine]))
  const missing = specs.filter(({ name }) => !byName.has(name)).map((spec) => [spec.name, describeSpec(spec)] as const)
  return {
    place: (host) => {
      const machine = byName.get(host.name)
      return machine && host.lab ? placed(host, machine) : host
    },
    missing: new Map(missing),
  }
}

export function specOf({ name, lab }: Host): MachineSpec {
  if (!lab) throw new Error(`${name} is no lab machine`)
  const driver: Driver = lab.driver === 'auto' ? 'uml' : lab.driver
  return {
    name,
    driver,
    memoryMiB: lab.memoryMiB,
    diskGiB: Math.ceil(lab.diskMiB / 1024),
    cpus: driver === 'uml' ? 1 : (lab.cpus ?? DEFAULT_CPUS),
  }
}

function describeSpec({ name, driver, memoryMiB, diskGiB }: MachineSpec): string {
  return `${name} does not exist yet: it would be a ${driver} machine with ${memoryMiB} MiB of memory and a disk of ${diskGiB} GiB; what is on it can only be seen then`
}

/** The host with the way to its machine. We made its host key, so it is pinned before the first contact. */
function placed(host: Host, machine: Machine): Host {
  return {
    ...host,
    address: machine.address,
    ssh: {
      user: machine.user,
      port: machine.port,
      identityFile: machine.identityFile,
      hostKeys: [machine.hostKey],
      hostKeyChecking: 'strict',
      proxyJump: 'none',
      ...(machine.proxyCommand ? { proxyCommand: shellWords(machine.proxyCommand).replaceAll('%', '%%') } : {}),
    },
    become: { method: 'auto' },
  }
}
