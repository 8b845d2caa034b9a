import { isAlive, killAndWait } from './local/process.ts'
import type { Machine, MachineSpec, Place } from './machine.ts'
import { tapOf } from './network/addresses.ts'
import { streamArgv } from './network/lan.ts'

/** The record of a new machine; `way` is how its sshd is reached. */
export function newMachine(
  spec: MachineSpec,
  at: Place,
  way: Pick<Machine, 'address' | 'proxyCommand' | 'container'>,
): Machine {
  return {
    name: spec.name,
    driver: spec.driver,
    spec,
    index: at.index,
    port: 22,
    user: 'root',
    sudoUser: 'ops',
    identityFile: at.identityFile,
    hostKey: at.hostKey.fingerprint,
    consoleLog: `${at.folder}/console.log`,
    folder: at.folder,
    ...way,
  }
}

/** The way to a machine on the lab's own network. */
export function onLan(namespace: string, index: number): Pick<Machine, 'address' | 'proxyCommand'> {
  const { address } = tapOf(index)
  return { address, proxyCommand: streamArgv(namespace, address) }
}

/** What is the same for all machines that are one process of this machine. */
export const PROCESS_MACHINE = {
  isRunning: async ({ process }: Machine) => process !== undefined && (await isAlive(process)),
  stop: async ({ process }: Machine) => {
    if (process) await killAndWait(process)
  },
  remove: async () => {},
  close: async () => {},
}
