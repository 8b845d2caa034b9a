import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { InputError } from '../core/errors.ts'
import { startAll } from './boot.ts'
import type { LabContext } from './context.ts'
import { must } from './local/command.ts'
import type { Machine } from './machine.ts'
import { sshArgv } from './ssh.ts'
import { readMachines, writeMachine } from './state.ts'
import { task } from './task.ts'

const SYNC_DEADLINE_MS = 120_000

/** A snapshot is the disks of all machines, each as after a power cut that came just after a `sync`. */
export async function takeSnapshot(context: LabContext, name: string): Promise<void> {
  await task(context.report, 'lab/snapshot', `Take snapshot ${name}`, async (progress) => {
    const folder = join(context.folder.snapshots, name)
    const part = `${folder}.part`
    await rm(part, { recursive: true, force: true })
    const machines = await readMachines(context.folder)
    for (const machine of machines) {
      progress.line(`copying the disks of ${machine.name}`)
      const target = join(part, machine.name)
      await mkdir(target, { recursive: true, mode: 0o700 })
      await syncDisks(context, machine)
      await context.drivers[machine.driver].save(machine, target)
    }
    await writeFile(join(part, 'machines.json'), JSON.stringify(machines.map((machine) => machine.name)))
    await rm(folder, { recursive: true, force: true })
    await rename(part, folder)
  })
}

export async function restoreSnapshot(context: LabContext, name: string): Promise<Machine[]> {
  const folder = join(context.folder.snapshots, name)
  const names = await snapshotMachines(folder, name)
  const machines = (await readMachines(context.folder)).filter((machine) => names.includes(machine.name))
  await task(context.report, 'lab/restore', `Put back snapshot ${name}`, async (progress) => {
    for (const machine of machines) {
      progress.line(`putting back the disks of ${machine.name}`)
      await context.drivers[machine.driver].stop(machine)
      await context.drivers[machine.driver].load(machine, join(folder, machine.name))
      await writeMachine(withOldNetwork(machine))
    }
  })
  return startAll(context, machines.map(withOldNetwork))
}

/** Its disk has the network of the day the snapshot was taken. */
function withOldNetwork(machine: Machine): Machine {
  return machine.networkReady === undefined ? machine : { ...machine, networkReady: false }
}

async function snapshotMachines(folder: string, name: string): Promise<string[]> {
  const path = join(folder, 'machines.json')
  if (await stat(path).catch(() => undefined)) return JSON.parse(await readFile(path, 'utf8')) as string[]
  throw new InputError({
    what: `there is no snapshot ${name}`,
    where: folder,
    fix: `take it first with: provision lab snapshot ${name}`,
  })
}

async function syncDisks(context: LabContext, machine: Machine): Promise<void> {
  if (!(await context.drivers[machine.driver].isRunning(machine))) return
  await must([...sshArgv(machine, context.folder.knownHosts), 'sync'], { deadlineMs: SYNC_DEADLINE_MS })
}
