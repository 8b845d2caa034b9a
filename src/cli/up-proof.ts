import type { Command } from 'commander'
import { EXIT } from '../core/errors.ts'
import { pending } from '../core/plan.ts'
import { type Afterwards, proofAfterwards } from './afterwards.ts'
import type { Loaded } from './loaded.ts'
import type { RunOptions } from './run-options.ts'
import type { Screen } from './screen.ts'
import type { Visit } from './visit.ts'

export interface UpProofOptions extends RunOptions {
  /** Undefined: when the run changed something. */
  readonly prove?: boolean
}

export function addProofOptions(command: Command): Command {
  return command
    .option('--prove', 'prove the network with a pod on every node at the end, also when nothing was changed')
    .option('--no-prove', 'leave that out (without either: when the whole inventory is visited and something changed)')
}

/**
 * The proof at the end of `up`: after a run that changed something, of the whole inventory. It is part of what a plan shows. A run
 * without changes makes no objects.
 */
export function upProof(
  { world, screen, connect, forks, compiled }: Pick<Visit, 'world' | 'screen' | 'connect' | 'forks' | 'compiled'>,
  loaded: Loaded,
  options: UpProofOptions,
): { readonly afterwards?: Afterwards } {
  const isWhole = options.limit.length === 0 && options.only.length === 0
  const hasProof = compiled.some(({ resources }) => resources.some(({ tag }) => tag === 'prove'))
  if (options.prove === false || !hasProof || !(options.prove || isWhole)) return {}
  announce(screen, options.prove === true)
  const afterwards = proofAfterwards({
    ...{ loaded, world, screen, connect, forks },
    allPairs: false,
    policies: false,
    when: (results, exit) => exit === EXIT.ok && (options.prove || results.some(({ changed }) => changed > 0)),
  })
  return { afterwards }
}

const TEXT =
  'at the end, if all goes well: prove the network with a pod on every node, in a namespace that is removed again (--no-prove leaves it out)'

/** Once, as soon as it is known that there is something to be done. */
function announce(screen: Screen, always: boolean): void {
  let told = false
  screen.listen((event) => {
    if (told || event.type !== 'plan' || !(always || pending(event.plan).length > 0)) return
    told = true
    screen.report({ type: 'notice', text: TEXT })
  })
}
