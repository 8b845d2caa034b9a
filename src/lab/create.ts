import { readFile } from 'node:fs/promises'
import type { LabContext } from './context.ts'
import { hostKey, newMachineId } from './identity.ts'
import type { Machine, MachineSpec } from './machine.ts'
import { privateHostKey } from './ssh.ts'
import { freshMachineFolder, writeMachine } from './state.ts'
import { task } from './task.ts'

/** Makes a machine that does not exist yet; a killed run leaves a folder without a record, which is made anew. */
export async function createMachine(context: LabContext, spec: MachineSpec, index: number): Promise<Machine> {
  const title = `Make machine ${spec.name} (${spec.driver})`
  return task(context.report, `lab/${spec.name}/make`, title, async () => {
    const folder = await freshMachineFolder(context.folder, spec.name)
    const made = await context.drivers[spec.driver].create(spec, {
      index,
      folder,
      identityFile: context.folder.identity,
      authorizedKeys: await readFile(`${context.folder.identity}.pub`, 'utf8'),
      hostKey: await hostKey(privateHostKey(folder), spec.name),
      machineId: newMachineId(),
    })
    const machine: Machine = spec.network === undefined ? made : { ...made, networkReady: false }
    await writeMachine(machine)
    return machine
  })
}
