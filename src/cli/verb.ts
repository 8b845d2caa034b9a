import type { Command } from 'commander'
import type { ExitCode } from '../core/errors.ts'
import type { Parts } from './parts.ts'
import type { World } from './world.ts'

export interface VerbContext {
  readonly program: Command
  readonly world: World
  readonly parts: Parts
  /** Sets what the process will exit with. */
  readonly exit: (code: ExitCode) => void
}

/** Adds itself to the program. */
export type Verb = (context: VerbContext) => Command
