import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Machine } from './machine.ts'

/** The folder of one lab. Everything a lab is, beside its processes, lives in it. */
export interface LabFolder {
  readonly root: string
  readonly machines: string
  readonly snapshots: string
  readonly identity: string
  readonly knownHosts: string
}

export function labFolder(stateDir: string, name: string): LabFolder {
  const root = join(stateDir, name)
  return {
    root,
    machines: join(root, 'machines'),
    snapshots: join(root, 'snapshots'),
    identity: join(root, 'identity'),
    knownHosts: join(root, 'known_hosts'),
  }
}

/** Written beside and renamed: a reader sees the old record or the new one. */
export async function writeMachine(machine: Machine): Promise<void> {
  const path = recordOf(machine.folder)
  await writeFile(`${path}.part`, `${JSON.stringify(machine, undefined, 2)}\n`, { mode: 0o600 })
  await rename(`${path}.part`, path)
}

/** All machines of the lab by name. A folder without a record belongs to a run that was killed while it made the machine. */
export async function readMachines(folder: LabFolder): Promise<Machine[]> {
  const names = await readdir(folder.machines).catch(() => [])
  const records = await Promise.all(names.map((name) => readMachine(join(folder.machines, name))))
  return records.filter((machine) => machine !== undefined).sort((a, b) => a.index - b.index)
}

async function readMachine(folder: string): Promise<Machine | undefined> {
  const text = await readFile(recordOf(folder), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : (JSON.parse(text) as Machine)
}

/** An empty folder for a machine that is about to be made. */
export async function freshMachineFolder(folder: LabFolder, name: string): Promise<string> {
  const path = join(folder.machines, name)
  await rm(path, { recursive: true, force: true })
  await mkdir(path, { recursive: true, mode: 0o700 })
  return path
}

function recordOf(folder: string): string {
  return join(folder, 'machine.json')
}
