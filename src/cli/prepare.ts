import type { MeasuredMtu } from '../cluster/auto-mtu.ts'
import { argv as shellWords } from '../core/quote.ts'
import { Value } from '../core/value.ts'
import type { Host } from '../inventory/inventory.ts'
import { heldConnect, heldHost } from './held.ts'
import type { Loaded } from './loaded.ts'
import { readLock } from './lock-file.ts'
import { onlyTags } from './only.ts'
import type { Parts, Purpose } from './parts.ts'
import type { ReportFile } from './report-file.ts'
import type { RunOptions } from './run-options.ts'
import { Screen } from './screen.ts'
import { judgeTogether } from './together.ts'
import { VERSION } from './version.ts'
import { newRunId, type Visit } from './visit.ts'
import type { World } from './world.ts'

export interface Preparation {
  readonly world: World
  readonly parts: Parts
  readonly options: RunOptions
  readonly loaded: Loaded
  /** False: use what is there, make nothing. */
  readonly make: boolean
  readonly purpose: Purpose
  /** Hears of everything from the start. */
  readonly reportFile?: ReportFile | undefined
}

/** All that a visit needs but somebody's consent. */
export type Ready = Omit<Visit, 'consent'>

/** Makes ready what hosts will need, visits them, and however that ends leaves nothing behind that is still on its way. */
export async function prepared<T>(input: Preparation, go: (ready: Ready) => Promise<T>): Promise<T> {
  const screen = new Screen(input.world, input.options)
  if (input.reportFile) screen.listen(input.reportFile.on)
  const work = new AbortController()
  try {
    return await go(await prepare(input, screen, work.signal))
  } finally {
    work.abort()
    screen.close()
  }
}

/** Lab machines, artifacts on their way, the list of work, the way in. `work`: aborted when none of it is wanted any more. */
async function prepare(
  { world, parts, options, loaded, make, purpose, reportFile }: Preparation,
  screen: Screen,
  work: AbortSignal,
): Promise<Ready> {
  const { inventory } = loaded
  const first = absentFirst(loaded, purpose)
  const hosts = [...loaded.hosts, ...first]
  const run = newRunId()
  const names = loaded.hosts.map(({ name }) => name)
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
  const lock = await readLock(world, inventory.file)
  const placed = loaded.hosts.map((host) => heldHost(machines.place(host), lock))
  const [letsIn] = first.map((host) => heldHost(machines.place(host), lock))
  const fitting = Promise.withResolvers<MeasuredMtu | undefined>()
  const everybody = { ...inventory, hosts: inventory.hosts.map((host) => machines.place(host)) }
  const compiled = await parts.compile(everybody, placed, {
    ...local,
    purpose,
    fitting: new Value('what fits between the hosts', fitting.promise),
    ...(letsIn ? { letsIn } : {}),
  })
  const ask = screen.canAsk ? { askHostKey: screen.askHostKey } : {}
  const direct = await parts.connect(letsIn ? [...placed, letsIn] : placed, {
    world,
    report: screen.report,
    acceptNewHostKeys: options.acceptNewHostKeys,
    ...ask,
  })
  const connect = heldConnect(direct, lock)
  const shared = { inventory, hosts: placed, signal, report: screen.report, clock: screen.clock }
  const always = purpose === 'check' || purpose === 'up, measured anew'
  const together: Ready['together'] = (present) => judgeTogether({ ...shared, always, onMtu: fitting.resolve }, present)
  return {
    ...{ run, world, screen, connect, before, forks: options.forks, verbose: options.verbose },
    compiled: onlyTags(compiled, options.only),
    missing: machines.missing,
    collect: make ? parts.collect : [],
    ...(reportFile ? { reportFile } : {}),
    ...(purpose === 'nothing' ? {} : { together }),
  }
}

/** Nobody can join alone: the first control plane lets them in, also where `--limit` leaves it out. */
function absentFirst({ inventory, hosts }: Loaded, purpose: Purpose): readonly Host[] {
  const first = inventory.hosts.find(({ roles }) => roles.includes('control-plane'))
  return first && purpose.startsWith('up') && !hosts.includes(first) ? [first] : []
}

/** Ctrl-C is answered at once, although what runs on hosts is let finish. */
function announceStop({ signal }: World, screen: Screen): void {
  const text = 'stopping: hosts finish what they are at; Ctrl-C again leaves at once'
  signal.addEventListener('abort', () => screen.report({ type: 'notice', text }), { once: true })
}
