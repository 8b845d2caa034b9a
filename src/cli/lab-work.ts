import { type ExitCode, InputError } from '../core/errors.ts'
import type { Host, Inventory } from '../inventory/inventory.ts'
import type { Lab } from '../lab/lab.ts'
import { load } from './loaded.ts'
import { Screen } from './screen.ts'
import type { VerbContext } from './verb.ts'

export interface LabOptions {
  readonly json?: boolean
  readonly yes?: boolean
  readonly user?: string
}

export interface LabWork {
  readonly lab: Lab
  readonly hosts: readonly Host[]
  readonly inventory: Inventory
  readonly screen: Screen
}

/** Runs one piece of work on the lab of an inventory, with its events on the screen. */
export async function withLab(
  { world, parts }: VerbContext,
  path: string,
  options: LabOptions,
  body: (work: LabWork) => Promise<ExitCode>,
): Promise<ExitCode> {
  const { inventory } = await load(world, parts, { path, limit: [], set: [] })
  const hosts = inventory.hosts.filter(({ lab }) => lab !== undefined)
  if (hosts.length === 0) {
    throw new InputError({
      what: `${path} describes no lab machines`,
      where: path,
      fix: 'add  lab: {driver: auto}  to it, or name one that has it, like inventory/lab.yaml',
    })
  }
  const screen = new Screen(world, { json: options.json === true, verbose: false, input: true })
  try {
    const { labOf } = await import('./lab-machines.ts')
    return await body({ lab: labOf(inventory, { world, report: screen.report }), hosts, inventory, screen })
  } finally {
    screen.close()
  }
}
