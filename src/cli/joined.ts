import { readInventory } from '../inventory/read.ts'
import { KUBECONFIG_PROBES } from './kubeconfig-file.ts'
import type { Parts } from './parts.ts'

/** The rooms as they are in production. Those that only a run needs are loaded by it: help and completion are quick. */
export const PARTS: Parts = {
  readInventory,
  machines: async (inventory, hosts, work) => {
    const { labMachines } = await import('./lab-machines.ts')
    return labMachines(inventory, hosts, work)
  },
  compile: async (inventory, hosts, work) => {
    const { compileNodes } = await import('./node-compile.ts')
    return compileNodes(inventory, hosts, work)
  },
  connect: async (hosts, options) => {
    const { connectTo } = await import('./ssh-target.ts')
    return connectTo(hosts, options)
  },
  collect: KUBECONFIG_PROBES,
}
