import { Command, CommanderError } from 'commander'
import { EXIT, type ExitCode } from '../core/errors.ts'
import type { Parts } from './parts.ts'
import { upVerb } from './up.ts'
import type { Verb } from './verb.ts'
import { VERSION } from './version.ts'
import type { World } from './world.ts'

const VERBS: readonly Verb[] = [upVerb]

/** Runs one command line. @throws ProvisionError; anything else that is thrown is a bug. */
export async function runProgram(world: World, parts: Parts): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok
  const program = new Command('provision')
    .description('Turns bare machines into a proven Kubernetes cluster over SSH.')
    .version(VERSION, '-V, --version')
    .exitOverride()
    .configureOutput({ writeOut: (text) => world.stdout.write(text), writeErr: (text) => world.stderr.write(text) })
    .showSuggestionAfterError(true)
    .enablePositionalOptions()
  const exit = (given: ExitCode) => {
    code = given
  }
  for (const verb of VERBS) verb({ program, world, parts, exit }).copyInheritedSettings(program)
  try {
    await program.parseAsync(world.argv, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 ? EXIT.ok : EXIT.input
  }
  return code
}
