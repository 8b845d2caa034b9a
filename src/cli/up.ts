import { Option } from 'commander'
import { EXIT, type ExitCode, InputError } from '../core/errors.ts'
import { sha256 } from '../core/plan.ts'
import { argv as shellWords } from '../core/quote.ts'
import { asSaved } from './gates.ts'
import { takeKubeconfig } from './kubeconfig-file.ts'
import { DEFAULT_INVENTORY, type Loaded, load } from './loaded.ts'
import { onlyTags } from './only.ts'
import type { Parts } from './parts.ts'
import { readPlan, savePlan } from './plan-file.ts'
import { addRunOptions, type RunOptions } from './run-options.ts'
import { Screen } from './screen.ts'
import type { Verb } from './verb.ts'
import { VERSION } from './version.ts'
import { type Consent, detailedExit, type Visit, type VisitResult, visit } from './visit.ts'
import type { World } from './world.ts'

interface UpOptions extends RunOptions {
  readonly dryRun: boolean
  readonly yes: boolean
  readonly out?: string
  readonly plan?: string
  readonly detailedExitcode: boolean
  readonly verify: boolean
  readonly kubeconfig?: string
  readonly mergeKubeconfig: boolean
}

/** Makes hosts what the inventory says, after showing what that means. */
export const upVerb: Verb = ({ program, world, parts, exit }) => {
  const command = program.command('up').argument('[INVENTORY]', 'what is wanted', DEFAULT_INVENTORY)
  addRunOptions(command)
    .option('--dry-run', 'print the plan and touch nothing', false)
    .option('-y, --yes', 'do not ask: change each host as soon as its plan is known', false)
    .option('--out <FILE>', 'save the plan, for --plan')
    .addOption(
      new Option('--plan <FILE>', 'carry out a saved plan: exactly that, or refuse where the host moved').conflicts([
        'dryRun',
        'out',
      ]),
    )
    .option('--detailed-exitcode', 'with --dry-run: exit 10 when there are changes', false)
    .option('--verify', 'after the run look at every host again: exit 3 if anything still differs', false)
    .option('--kubeconfig <FILE>', 'where the kubeconfig goes (default: NAME.kubeconfig beside the inventory)')
    .option('--merge-kubeconfig', 'add the cluster to ~/.kube/config as well', false)
    .action(async (path: string, options: UpOptions) => exit(await up(world, parts, path, options)))
  return command
}

async function up(world: World, parts: Parts, path: string, options: UpOptions): Promise<ExitCode> {
  mayAct(world, options)
  const saved = options.plan === undefined ? undefined : await readPlan(options.plan, VERSION)
  const loaded = await load(world, parts, { path, ...options })
  const screen = new Screen(world, { ...options, redactor: loaded.redactor })
  const work = new AbortController()
  try {
    const consent = saved ? asSaved(saved) : options.dryRun ? 'look' : options.yes ? 'act' : 'ask'
    const input = await prepare({ world, parts, screen, options, loaded, consent, work: work.signal })
    const result = await visit(input)
    if (options.out !== undefined) await saveTo(options.out, path, loaded, result, screen)
    if (consent === 'look') return options.detailedExitcode ? detailedExit(result) : result.exit
    if (result.exit !== EXIT.ok) return result.exit
    await takeKubeconfig({ world, screen, loaded, path, answers: result.answers, ...options })
    return options.verify ? await lookAgain(input) : EXIT.ok
  } finally {
    work.abort()
    screen.close()
  }
}

/** Nobody is changed without a yes: given on the command line, by a saved plan, or to a question. */
function mayAct(world: World, { dryRun, yes, plan, json, input }: UpOptions): void {
  if (dryRun || yes || plan !== undefined) return
  if (world.stdin.isTTY === true && world.stdout.isTTY === true && !json && input) return
  throw new InputError({
    what: 'hosts would be changed, and there is nobody to ask: nothing was done',
    where: 'the command line',
    why: json ? '--json leaves no room for a question' : input ? 'this is not a terminal' : '--no-input was given',
    fix: `say yes beforehand:  ${shellWords(['provision', ...world.argv, '--yes'])}   or look first with --dry-run`,
  })
}

interface Preparation {
  readonly world: World
  readonly parts: Parts
  readonly screen: Screen
  readonly options: UpOptions
  readonly loaded: Loaded
  readonly consent: Consent
  readonly work: AbortSignal
}

/** Makes ready what the hosts will need: lab machines, artifacts on their way, the list of work, the way in. */
async function prepare({ world, parts, screen, options, loaded, consent, work }: Preparation): Promise<Visit> {
  const { inventory, hosts } = loaded
  screen.report({
    type: 'run',
    run: '',
    command: shellWords(['provision', ...world.argv]),
    hosts: hosts.map(({ name }) => name),
    version: VERSION,
  })
  const signal = AbortSignal.any([world.signal, work])
  const local = { world, report: screen.report, signal, make: consent !== 'look' }
  const machines = await parts.machines(inventory, hosts, local)
  const placed = hosts.map((host) => machines.place(host))
  const compiled = await parts.compile(inventory, placed, local)
  const ask = screen.canAsk ? { askHostKey: screen.askHostKey } : {}
  const connect = await parts.connect(placed, { world, acceptNewHostKeys: options.acceptNewHostKeys, ...ask })
  return {
    ...{ world, screen, connect, consent, forks: options.forks, verbose: options.verbose },
    compiled: compiled.map((each) => onlyTags(each, options.only)),
    missing: machines.missing,
    collect: parts.collect,
  }
}

async function saveTo(
  file: string,
  path: string,
  { inventory, redactor }: Loaded,
  { plans }: VisitResult,
  screen: Screen,
): Promise<void> {
  const digest = sha256(redactor.text(JSON.stringify(inventory)))
  await savePlan(file, { format: 1, version: VERSION, inventory: digest, hosts: plans })
  screen.say([`plan saved to ${file}; carry it out with: ${shellWords(['provision', 'up', path, '--plan', file])}`])
}

/** The proof that a second run would do nothing. */
async function lookAgain(input: Visit): Promise<ExitCode> {
  const again = await visit({ ...input, consent: 'look' })
  if (again.exit !== EXIT.ok) return again.exit
  return again.isPending ? EXIT.failed : EXIT.ok
}
