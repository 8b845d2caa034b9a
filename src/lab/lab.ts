import { mkdir, rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { InputError } from '../core/errors.ts'
import type { Report } from '../core/events.ts'
import { requireRoom, startAll, startLan } from './boot.ts'
import type { Cache } from './cache.ts'
import type { LabContext } from './context.ts'
import { makeDrivers } from './drivers.ts'
import { ensureKey } from './identity.ts'
import { withFileLock } from './local/lock.ts'
import type { LabDriver, Machine, MachineSpec } from './machine.ts'
import { makeMachines } from './make.ts'
import { checkSpec, namespaceOf, requireName } from './names.ts'
import { type Tap, tapOf } from './network/addresses.ts'
import { cutCable, cutPorts, mendCable } from './network/cable.ts'
import { ensureTap, insideArgv, lanExists, removeLan } from './network/lan.ts'
import { PLAIN_NETWORK } from './network/wire.ts'
import { cutPower } from './power.ts'
import { restoreSnapshot, takeSnapshot } from './snapshot.ts'
import { sshArgv, writeKnownHosts } from './ssh.ts'
import { labFolder, readMachines } from './state.ts'
import { task } from './task.ts'

export interface LabOptions {
  /** Folder of all labs of this user or project. */
  readonly stateDir: string
  /** Folder of what labs share: kernels, root file systems, base disks. */
  readonly cacheDir: string
  /** `[a-z][a-z0-9-]{0,30}` */
  readonly name: string
  readonly report: Report
}

export interface ListedMachine {
  readonly machine: Machine
  readonly running: boolean
  /** Its cable was pulled. */
  readonly cut: boolean
}

/** The throwaway machines of one name. All calls find what an earlier run of this program left, killed or not. */
export interface Lab {
  readonly folder: string
  /** Makes what is missing, starts what is off, leaves the rest; returns the machines in the order of `specs`. */
  up(specs: readonly MachineSpec[]): Promise<Machine[]>
  /** Removes the machines, their disks, snapshots and network. The cache stays. */
  down(): Promise<void>
  list(): Promise<ListedMachine[]>
  /** Argument list of an ssh that logs in; `user` is root unless said. */
  ssh(name: string, user?: string): Promise<string[]>
  /** Runs a program on the lab's network, at 10.77.0.1: a client that is no machine of the lab. */
  inside(argv: readonly string[]): string[]
  /** Pulls the machine's cable: nothing gets to it or from it. It stays pulled, also over a reboot, until `mend`. */
  cut(name: string): Promise<void>
  mend(name: string): Promise<void>
  /** Takes the power away, without a warning. */
  off(name: string): Promise<void>
  on(name: string): Promise<Machine>
  /** Syncs and pauses each machine, copies its disks, lets it go on. */
  snapshot(name: string): Promise<void>
  /** Takes the power from each machine, puts the disks of the snapshot back, boots. */
  restore(name: string): Promise<Machine[]>
}

const LOCK_WAIT_MS = 10_000

export function openLab(options: LabOptions): Lab {
  requireName(options.name, 'lab')
  const folder = labFolder(resolve(options.stateDir), options.name)
  const cache: Cache = { folder: resolve(options.cacheDir), report: options.report }
  const namespace = namespaceOf(options.name, folder.root)
  const context: LabContext = {
    folder,
    report: options.report,
    namespace,
    drivers: makeDrivers({ cache, namespace }),
  }
  const alone = <T>(body: () => Promise<T>) => withFileLock(`${folder.root}.lock`, { waitMs: LOCK_WAIT_MS }, body)
  return {
    folder: folder.root,
    up: (specs) => alone(() => up(context, specs)),
    down: () => alone(() => down(context)),
    list: () => list(context),
    ssh: async (name, user) => sshArgv(await find(context, name), folder.knownHosts, user),
    inside: (argv) => insideArgv(namespace, argv),
    cut: (name) => alone(async () => cutCable(namespace, await portOf(context, name))),
    mend: (name) => alone(async () => mendCable(namespace, await portOf(context, name))),
    off: (name) => alone(async () => cutPower(context, await find(context, name))),
    on: (name) => alone(async () => (await startAll(context, [await find(context, name)]))[0] as Machine),
    snapshot: (name) => alone(async () => takeSnapshot(context, requireName(name, 'snapshot'))),
    restore: (name) => alone(async () => restoreSnapshot(context, requireName(name, 'snapshot'))),
  }
}

async function up(context: LabContext, specs: readonly MachineSpec[]): Promise<Machine[]> {
  const existing = await readMachines(context.folder)
  for (const spec of specs) checkSpec(spec, existing)
  const drivers = [...new Set(specs.map((spec) => spec.driver))].map((name) => context.drivers[name])
  await requirePossible(drivers)
  await requireRoom(context, specs)
  for (const driver of drivers) await driver.prepare()
  await mkdir(context.folder.machines, { recursive: true, mode: 0o700 })
  await ensureKey(context.folder.identity, 'provision lab')

  const machines = await makeMachines(context, specs, existing)
  await writeKnownHosts(context.folder.knownHosts, machines)
  const wanted = specs
    .map((spec) => machines.find((machine) => machine.name === spec.name))
    .filter((m) => m !== undefined)
  return startAll(context, wanted)
}

async function requirePossible(drivers: readonly LabDriver[]): Promise<void> {
  for (const driver of drivers) {
    const possible = await driver.possible()
    if (possible.ok) continue
    throw new InputError({
      what: `machines of the kind ${driver.driver} cannot run here`,
      where: 'this machine',
      why: possible.why,
      ...(possible.fix === undefined ? {} : { fix: possible.fix }),
    })
  }
}

async function down(context: LabContext): Promise<void> {
  await task(context.report, 'lab/down', 'Remove the lab machines', async () => {
    for (const machine of await readMachines(context.folder)) {
      const driver = context.drivers[machine.driver]
      await driver.stop(machine)
      await driver.remove(machine)
    }
    for (const driver of Object.values(context.drivers)) await driver.close()
    await removeLan(context.namespace)
    await rm(context.folder.root, { recursive: true, force: true })
  })
}

async function list(context: LabContext): Promise<ListedMachine[]> {
  const machines = await readMachines(context.folder)
  const hasLan = machines.some(({ driver }) => driver !== 'container') && (await lanExists(context.namespace))
  const cut = hasLan ? await cutPorts(context.namespace) : new Set<string>()
  return Promise.all(
    machines.map(async (machine) => ({
      machine,
      running: await context.drivers[machine.driver].isRunning(machine),
      cut: cut.has(tapOf(machine.index).interface),
    })),
  )
}

/** The machine's port of the bridge, there whether the machine runs or not. A container's is made by dockerd. */
async function portOf(context: LabContext, name: string): Promise<Tap> {
  const machine = await find(context, name)
  if (machine.driver !== 'container') {
    const tap = tapOf(machine.index)
    await startLan(context)
    await ensureTap(context.namespace, tap, (machine.spec.network ?? PLAIN_NETWORK).mtu)
    return tap
  }
  throw new InputError({
    what: `lab machine ${name} has no cable to pull`,
    where: machine.folder,
    why: 'it is a container, on the network of dockerd',
    fix: 'set lab.driver to uml or qemu',
  })
}

async function find(context: LabContext, name: string): Promise<Machine> {
  const machines = await readMachines(context.folder)
  const found = machines.find((machine) => machine.name === name)
  if (found) return found
  const names = machines.map((machine) => machine.name).join(', ')
  throw new InputError({
    what: `there is no lab machine ${name}`,
    where: context.folder.root,
    why: names === '' ? 'the lab has no machines' : `it has: ${names}`,
    fix: 'make it with: provision lab up',
  })
}
