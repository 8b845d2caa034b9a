import { createHash } from 'node:crypto'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { InputError } from '../core/errors.ts'
import type { Report } from '../core/events.ts'
import type { Cache } from './cache.ts'
import { makeDrivers } from './drivers.ts'
import { ensureKey, hostKey, newMachineId } from './identity.ts'
import { withFileLock } from './local/lock.ts'
import type { Driver, LabDriver, Machine, MachineSpec } from './machine.ts'
import { removeLan } from './network/lan.ts'
import { restoreSnapshot, takeSnapshot } from './snapshot.ts'
import { privateHostKey, sshArgv, writeKnownHosts } from './ssh.ts'
import { freshMachineFolder, type LabFolder, labFolder, readMachines, writeMachine } from './state.ts'
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
  /** Syncs and pauses each machine, copies its disks, lets it go on. */
  snapshot(name: string): Promise<void>
  /** Takes the power from each machine, puts the disks of the snapshot back, boots. */
  restore(name: string): Promise<Machine[]>
}

export const NAME_PATTERN = /^[a-z][a-z0-9-]{0,30}$/
const LOCK_WAIT_MS = 10_000

/** What the parts of a lab work with. */
export interface LabContext {
  readonly folder: LabFolder
  readonly report: Report
  readonly drivers: Readonly<Record<Driver, LabDriver>>
  readonly namespace: string
}

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
    snapshot: (name) => alone(async () => takeSnapshot(context, requireName(name, 'snapshot'))),
    restore: (name) => alone(async () => restoreSnapshot(context, requireName(name, 'snapshot'))),
  }
}

async function up(context: LabContext, specs: readonly MachineSpec[]): Promise<Machine[]> {
  const existing = await readMachines(context.folder)
  for (const spec of specs) checkSpec(spec, existing)
  await prepareDrivers(context, specs)
  await mkdir(context.folder.machines, { recursive: true, mode: 0o700 })
  await ensureKey(context.folder.identity, 'provision lab')

  const machines = [...existing]
  for (const spec of specs) {
    if (machines.some((machine) => machine.name === spec.name)) continue
    machines.push(await create(context, spec, freeIndex(machines)))
  }
  await writeKnownHosts(context.folder.knownHosts, machines)
  const wanted = specs
    .map((spec) => machines.find((machine) => machine.name === spec.name))
    .filter((m) => m !== undefined)
  return startAll(context, wanted)
}

async function prepareDrivers(context: LabContext, specs: readonly MachineSpec[]): Promise<void> {
  const drivers = [...new Set(specs.map((spec) => spec.driver))].map((name) => context.drivers[name])
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
  for (const driver of drivers) await driver.prepare()
}

async function create(context: LabContext, spec: MachineSpec, index: number): Promise<Machine> {
  const title = `Make machine ${spec.name} (${spec.driver})`
  return task(context.report, `lab/${spec.name}/make`, title, async () => {
    const folder = await freshMachineFolder(context.folder, spec.name)
    const machine = await context.drivers[spec.driver].create(spec, {
      index,
      folder,
      identityFile: context.folder.identity,
      authorizedKeys: await readFile(`${context.folder.identity}.pub`, 'utf8'),
      hostKey: await hostKey(privateHostKey(folder), spec.name),
      machineId: newMachineId(),
    })
    await writeMachine(machine)
    return machine
  })
}

/** Starts those that are off. Emulated machines start one after another: together they starve each other's clocks. */
export async function startAll(context: LabContext, machines: readonly Machine[]): Promise<Machine[]> {
  let emulated: Promise<unknown> = Promise.resolve()
  const starts = machines.map((machine) => {
    if (machine.driver !== 'qemu') return startOne(context, machine)
    const start = emulated.then(() => startOne(context, machine))
    emulated = start.catch(() => {})
    return start
  })
  const results = await Promise.allSettled(starts)
  const failed = results.find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
  return results.filter((result) => result.status === 'fulfilled').map((result) => result.value)
}

async function startOne(context: LabContext, machine: Machine): Promise<Machine> {
  const driver = context.drivers[machine.driver]
  const id = `lab/${machine.name}/boot`
  const title = `Boot machine ${machine.name}`
  if (await driver.isRunning(machine)) {
    context.report({ type: 'task', id, title, state: 'cached', line: 'it is running' })
    return machine
  }
  return task(context.report, id, title, async (progress) => {
    progress.line(`waiting for sshd on ${machine.address}`)
    const running = await driver.start(machine, writeMachine)
    await writeMachine(running)
    return running
  })
}

async function down(context: LabContext): Promise<void> {
  await task(context.report, 'lab/down', 'Remove the lab machines', async () => {
    for (const machine of await readMachines(context.folder)) {
      const driver = context.drivers[machine.driver]
      await driver.stop(machine)
      await driver.remove(machine)
    }
    await removeLan(context.namespace)
    await rm(context.folder.root, { recursive: true, force: true })
  })
}

async function list(context: LabContext): Promise<ListedMachine[]> {
  const machines = await readMachines(context.folder)
  return Promise.all(
    machines.map(async (machine) => ({ machine, running: await context.drivers[machine.driver].isRunning(machine) })),
  )
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

function checkSpec(spec: MachineSpec, existing: readonly Machine[]): void {
  requireName(spec.name, 'machine')
  const machine = existing.find(({ name }) => name === spec.name)
  if (machine === undefined || JSON.stringify(machine.spec) === JSON.stringify(spec)) return
  throw new InputError({
    what: `lab machine ${spec.name} exists with another shape`,
    where: machine.folder,
    why: `it is ${JSON.stringify(machine.spec)}, wanted is ${JSON.stringify(spec)}`,
    fix: 'remove it first with: provision lab down',
  })
}

function requireName(name: string, kind: string): string {
  if (NAME_PATTERN.test(name)) return name
  throw new InputError({
    what: `${JSON.stringify(name)} cannot be the name of a ${kind}`,
    why: 'it becomes part of host names and paths: small letters, digits and hyphens, a letter first, at most 31',
  })
}

function freeIndex(machines: readonly Machine[]): number {
  const used = new Set(machines.map((machine) => machine.index))
  let index = 1
  while (used.has(index)) index++
  return index
}

/** Unique for the folder, so that labs of one name in two checkouts do not meet. */
function namespaceOf(name: string, folder: string): string {
  return `provision-${name}-${createHash('sha256').update(folder).digest('hex').slice(0, 6)}`
}
