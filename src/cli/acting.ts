import type { Command } from 'commander'
import { InputError } from '../core/errors.ts'
import { argv as shellWords } from '../core/quote.ts'
import type { World } from './world.ts'

/** Options of a verb that changes hosts after showing what that means. */
export interface ActOptions {
  readonly dryRun: boolean
  readonly yes: boolean
  readonly json: boolean
  readonly input: boolean
}

export function addActOptions(command: Command): Command {
  return command.option('--dry-run', 'print the plan and touch nothing', false).option('-y, --yes', 'do not ask', false)
}

/** Nobody is changed without a yes. @throws InputError where there is nobody to ask */
export function consentOf(world: World, { dryRun, yes, json, input }: ActOptions): 'look' | 'act' | 'ask' {
  if (dryRun) return 'look'
  if (yes) return 'act'
  if (world.stdin.isTTY === true && world.stdout.isTTY === true && !json && input) return 'ask'
  throw new InputError({
    what: 'hosts would be changed, and there is nobody to ask: nothing was done',
    where: 'the command line',
    why: json ? '--json leaves no room for a question' : input ? 'this is not a terminal' : '--no-input was given',
    fix: `say yes beforehand:  ${shellWords([world.program, ...world.argv, '--yes'])}   or look first with --dry-run`,
  })
}
