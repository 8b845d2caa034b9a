import { isDeepStrictEqual } from 'node:util'
import type { LabContext } from './context.ts'
import { createMachine } from './create.ts'
import type { Machine, MachineSpec } from './machine.ts'
import { freeIndex } from './names.ts'
import { writeMachine } from './state.ts'

/** All machines of the lab, once those of `specs` are made and have the network they should. Side by side. */
export async function makeMachines(
  context: LabContext,
  specs: readonly MachineSpec[],
  existing: readonly Machine[],
): Promise<Machine[]> {
  const numbered: { readonly index: number }[] = [...existing]
  const work = specs.map((spec) => {
    const machine = existing.find(({ name }) => name === spec.name)
    if (machine) return rewire(machine, spec)
    const index = freeIndex(numbered)
    numbered.push({ index })
    return createMachine(context, spec, index)
  })
  const results = await Promise.allSettled(work)
  const failed = results.find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
  const done = results.filter((result) => result.status === 'fulfilled').map(({ value }) => value)
  const others = existing.filter(({ name }) => !done.some((machine) => machine.name === name))
  return [...others, ...done].sort((a, b) => a.index - b.index)
}

/** Notes down that a machine is to have another network; it gets that when it is started, or is found running. */
async function rewire(machine: Machine, spec: MachineSpec): Promise<Machine> {
  if (isDeepStrictEqual(machine.spec.network, spec.network)) return machine
  const changed: Machine = { ...machine, spec, networkReady: false }
  await writeMachine(changed)
  return changed
}
