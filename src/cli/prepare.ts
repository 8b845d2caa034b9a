import { argv as shellWords } from '../core/quote.ts'
import type { Loaded } from './loaded.ts'
import { onlyTags } from './only.ts'
import type { Parts, Purpose } from './parts.ts'
import type { RunOptions } from './run-options.ts'
import type { Screen } from './screen.ts'
import { VERSION } from './version.ts'
import { newRunId, type Visit } from './visit.ts'
import type { World } from './world.ts'

export interface Preparation {
  readonly world: World
  readonly parts: Parts
  readonly screen: Screen
  readonly options: RunOptions
  readonly loaded: Loaded
  /** False: use what is there, make nothing. */
  readonly make: boolean
  readonly purpose: Purpose
  /** Aborted when what is on its way is not wanted any more. */
  readonly work: AbortSignal
}

/** Makes ready what hosts will need: lab machines, artifacts on their way, the list of work, the way in. */
export async function prepare({
  world,
  parts,
  screen,
  options,
  loaded,
  make,
  purpose,
  work,
}: Preparation): Promise<Omit<Visit, 'consent'>> {
  const { inventory, hosts } = loaded
  const run = newRunId()
  const names = hosts.map(({ name }) => name)
  screen.report({
    type: 'run',
    run,
    command: shellWords([world.program, ...world.argv]),
    hosts: names,
    version: VERSION,
  })
  announceStop(world, screen)
  const signal = AbortSignal.any([world.signal, work])
  const local = { world, report: screen.report, signal, make }
  const fromMs = screen.clock()
  const machines = await parts.machines(inventory, hosts, local)
  const before = [{ what: 'make the lab machines', fromMs, toMs: screen.clock() }]
  const placed = hosts.map((host) => machines.place(host))
  const compiled = await parts.compile(inventory, placed, { ...local, purpose })
  const ask = screen.canAsk ? { askHostKey: screen.askHostKey } : {}
  const connect = await parts.connect(placed, {
    world,
    report: screen.report,
    acceptNewHostKeys: options.acceptNewHostKeys,
    ...ask,
  })
  return {
    ...{ run, world, screen, connect, before, forks: options.forks, verbose: options.verbose },
    compiled: compiled.map((each) => onlyTags(each, options.only)),
    missing: machines.missing,
    collect: make ? parts.collect : [],
  }
}

/** Ctrl-C is answered at once, although what runs on hosts is let finish. */
function announceStop({ signal }: World, screen: Screen): void {
  const text = 'stopping: hosts finish what they are at; Ctrl-C again leaves at once'
  signal.addEventListener('abort', () => screen.report({ type: 'notice', text }), { once: true })
}
