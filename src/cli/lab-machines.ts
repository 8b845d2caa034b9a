import { InputError } from '../core/errors.ts'
import { argv as shellWords } from '../core/quote.ts'
import type { Host, Inventory, LabMachine } from '../inventory/inventory.ts'
import { makeDrivers } from '../lab/drivers.ts'
import { type Lab, type ListedMachine, openLab } from '../lab/lab.ts'
import { DRIVERS, type Driver, type Machine, type MachineSpec } from '../lab/machine.ts'
import { type MachineNetwork, PLAIN_MTU } from '../lab/network/wire.ts'
import { cacheFolder, labFolder } from './folders.ts'
import type { LabMachines, LocalWork } from './parts.ts'

const DEFAULT_CPUS = 2
/** Beside the first disk, where nothing is said: what a requirement on NVMe, or etcd's own disk, can be tried on. */
const DEFAULT_EXTRA_DISKS_MIB = [10 * 1024]

type Place = Pick<LocalWork, 'world' | 'report'>

export function labOf(inventory: Inventory, { world, report }: Place): Lab {
  return openLab({ stateDir: labFolder(world), cacheDir: cacheFolder(world), name: inventory.name, report })
}

/** Makes, starts or only finds the machines of an inventory's lab hosts. */
export async function labMachines(inventory: Inventory, hosts: readonly Host[], work: LocalWork): Promise<LabMachines> {
  const inLab = hosts.filter(({ lab }) => lab !== undefined)
  if (inLab.length === 0) return { place: (host) => host, missing: new Map() }
  const lab = labOf(inventory, work)
  const found = await lab.list()
  const specs = await specsOf(inLab, found, work)
  const machines = work.make
    ? await lab.up(specs)
    : found.filter(({ running }) => running).map(({ machine }) => machine)
  const byName = new Map(machines.map((machine) => [machine.name, machine]))
  // Those this run does not visit have an address all the same.
  const known = new Map([...found.map(({ machine }) => [machine.name, machine] as const), ...byName])
  const missing = specs
    .filter(({ name }) => !byName.has(name))
    .map(
      (spec) =>
        [
          spec.name,
          describeMissing(
            spec,
            found.some(({ machine }) => machine.name === spec.name),
          ),
        ] as const,
    )
  return {
    place: (host) => {
      const machine = known.get(host.name)
      return machine && host.lab ? placed(host, machine) : host
    },
    missing: new Map(missing),
  }
}

/** What each machine is to be. A machine that was made keeps the driver it was made with. */
export async function specsOf(
  hosts: readonly Host[],
  found: readonly ListedMachine[],
  place: Place,
): Promise<readonly MachineSpec[]> {
  const made = new Map(found.map(({ machine }) => [machine.name, machine.driver]))
  const wanted = ({ name, lab }: Host) => (lab?.driver === 'auto' ? made.get(name) : lab?.driver)
  const isOpen = hosts.some((host) => host.lab && wanted(host) === undefined)
  const chosen = isOpen ? await chooseDriver(place) : 'uml'
  return hosts.flatMap((host) => {
    const { name, lab } = host
    if (!lab) return []
    const driver = wanted(host) ?? chosen
    const cpus = driver === 'uml' ? 1 : (lab.cpus ?? DEFAULT_CPUS)
    const extraMiB = lab.extraDisksMiB ?? (driver === 'qemu' ? DEFAULT_EXTRA_DISKS_MIB : [])
    const network = networkOf(lab)
    return [
      {
        name,
        driver,
        memoryMiB: lab.memoryMiB,
        diskGiB: wholeGiB(lab.diskMiB),
        cpus,
        ...(extraMiB.length === 0 ? {} : { extraDisksGiB: extraMiB.map(wholeGiB) }),
        ...(network === undefined ? {} : { network }),
      },
    ]
  })
}

function wholeGiB(mib: number): number {
  return Math.ceil(mib / 1024)
}

/** Nothing where the machine is on the LAN like any other: then nothing of it needs to be set up. */
function networkOf({ lan, wan, links }: LabMachine): MachineNetwork | undefined {
  if (lan.mtu === PLAIN_MTU && wan === undefined && links === undefined) return undefined
  return { mtu: lan.mtu, ...(wan ? { wan } : {}), ...(links ? { links } : {}) }
}

/** `auto`: the first kind that can run here, quickest first. Says which and why. */
async function chooseDriver({ world, report }: Place): Promise<Driver> {
  const drivers = makeDrivers({ cache: { folder: cacheFolder(world), report }, namespace: 'provision' })
  const refusals: string[] = []
  for (const driver of DRIVERS) {
    const possible = await drivers[driver].possible()
    if (!possible.ok) refusals.push(`${driver}: ${possible.why}`)
    else {
      const why = refusals.length === 0 ? 'the quickest there is, and it needs no KVM' : refusals.join('; ')
      report({ type: 'notice', text: `lab machines of the kind ${driver} (${why})` })
      return driver
    }
  }
  throw new InputError({
    what: 'no kind of lab machine can run here',
    where: 'this machine',
    why: refusals.join('; '),
    fix: 'name hosts of your own in the inventory, or use a Linux machine where you are root',
  })
}

function describeMissing({ name, driver, memoryMiB, diskGiB }: MachineSpec, isOff: boolean): string {
  const would = isOff
    ? `${name} is off: it would be started`
    : `${name} does not exist yet: it would be a ${driver} machine with ${memoryMiB} MiB of memory and a disk of ${diskGiB} GiB`
  return `${would}; what is on it can only be seen then`
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
