import { Command, CommanderError, type Option } from 'commander'
import { EXIT, type ExitCode } from '../core/errors.ts'
import { bundleVerb } from './bundle.ts'
import { certsVerb } from './certs.ts'
import { checkVerb } from './check.ts'
import { completeVerb, completionVerb } from './completion.ts'
import { driftVerb } from './drift.ts'
import { etcdVerb } from './etcd.ts'
import { explainVerb } from './explain.ts'
import { kubeconfigVerb } from './kubeconfig.ts'
import { labVerb } from './lab.ts'
import { lockVerb } from './lock.ts'
import { exitCodeLines } from './page.ts'
import type { Parts } from './parts.ts'
import { proveVerb } from './prove.ts'
import { removeVerb } from './remove.ts'
import { resetVerb } from './reset.ts'
import { schemaVerb } from './schema.ts'
import { sshVerb } from './ssh.ts'
import { statusVerb } from './status.ts'
import { upVerb } from './up.ts'
import { upgradeVerb } from './upgrade.ts'
import type { Verb } from './verb.ts'
import { VERSION } from './version.ts'
import { versionVerb } from './version-verb.ts'
import type { World } from './world.ts'

const VERBS: readonly Verb[] = [
  ...[upVerb, checkVerb, labVerb, sshVerb, kubeconfigVerb],
  ...[statusVerb, driftVerb, certsVerb, removeVerb, resetVerb, proveVerb],
  ...[upgradeVerb, etcdVerb, bundleVerb, lockVerb],
  ...[explainVerb, schemaVerb, completionVerb, versionVerb, completeVerb],
]

const DESCRIPTION = `Turns bare machines into a proven Kubernetes cluster over SSH. Shows what it would change, changes exactly that, and proves that it works. Hosts need nothing but sh.

Begin with throwaway machines on this computer:  provision up inventory/lab.yaml --dry-run`

/** Runs one command line. @throws ProvisionError; anything else that is thrown is a bug. */
export async function runProgram(world: World, parts: Parts): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok
  const exit = (given: ExitCode) => {
    code = given
  }
  const program = makeProgram(world)
  for (const verb of VERBS) adopt(verb({ program, world, parts, exit }), program)
  if (world.argv.length === 0) {
    program.outputHelp({ error: true })
    return EXIT.input
  }
  try {
    await program.parseAsync(world.argv, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 ? EXIT.ok : EXIT.input
  }
  return code
}

function makeProgram({ stdout, stderr }: World): Command {
  const columns = (stream: NodeJS.WriteStream) => Math.min(stream.columns ?? 100, 100)
  return new Command('provision')
    .description(DESCRIPTION)
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this page')
    .helpCommand('help [VERB]', 'print the page of a verb')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      getOutHelpWidth: () => columns(stdout),
      getErrHelpWidth: () => columns(stderr),
    })
    .configureHelp({ optionDescription: describeOption })
    .showSuggestionAfterError(true)
    .showHelpAfterError('(--help shows what there is)')
    .enablePositionalOptions()
    .addHelpText(
      'after',
      `\nExit codes:\n${exitCodeLines().join('\n')}\n\nEach verb has a page of its own:  provision VERB --help`,
    )
}

/** Without `(default: false)`: that an option is not given when it is not given needs no words. */
function describeOption({ description, defaultValue, defaultValueDescription }: Option): string {
  if (defaultValue === undefined || typeof defaultValue === 'boolean') return description
  return `${description} (default: ${defaultValueDescription ?? defaultValue})`
}

/** Verbs, and verbs of verbs, behave as the program does. */
function adopt(command: Command, parent: Command): void {
  command.copyInheritedSettings(parent).helpOption('-h, --help', 'print this page')
  for (const inner of command.commands) adopt(inner, command)
}
