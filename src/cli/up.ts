import { Option } from 'commander'
import { EXIT, type ExitCode, InputError } from '../core/errors.ts'
import { argv as shellWords } from '../core/quote.ts'
import { count } from '../render/figure.ts'
import { countPlan } from '../render/plan-count.ts'
import type { Consent } from './consent.ts'
import { asSaved } from './gates.ts'
import { takeKubeconfig } from './kubeconfig.ts'
import { inventoryDigest, recordUp } from './last-up.ts'
import { DEFAULT_INVENTORY, type Loaded, load } from './loaded.ts'
import { describe } from './page.ts'
import type { Parts } from './parts.ts'
import { readPlan, savePlan } from './plan-file.ts'
import { showPolicies } from './policies-shown.ts'
import { prepared } from './prepare.ts'
import { addReportOption, ReportFile, type ReportOptions } from './report-file.ts'
import { addRunOptions } from './run-options.ts'
import { addProofOptions, type UpProofOptions, upProof } from './up-proof.ts'
import type { Verb } from './verb.ts'
import { VERSION } from './version.ts'
import { detailedExit, type VisitResult, visit } from './visit.ts'
import type { World } from './world.ts'

interface UpOptions extends UpProofOptions, ReportOptions {
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
  addProofOptions(addReportOption(addRunOptions(command)))
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
    .option(
      '--verify',
      'measure hardware and the ways between hosts anew, where figures of an earlier run would do',
      false,
    )
    .option('--kubeconfig <FILE>', 'where the kubeconfig goes (default: ~/.kube/NAME.kubeconfig)')
    .option('--merge-kubeconfig', 'add the cluster to ~/.kube/config as well', false)
    .action(async (path: string, options: UpOptions) => exit(await up(world, parts, path, options)))
  return describe(command, {
    summary: 'make hosts what the inventory says',
    description: [
      'Looks at every host, shows what would change, asks, changes it, and looks again at everything it touched. A second run changes nothing.',
      'A host that misses a requirement is not changed; neither is a host somebody else is changing. Hosts are free of each other: trouble on one does not stop the rest.',
      'With --dry-run nothing is touched: the plan is printed with a diff for every text. What cannot be known yet says after what it will be (known after X). Of a lab machine that does not exist only that much is known; it is not made.',
      'With --plan nothing is done beyond what the saved plan shows: a host that moved since is refused as a whole, a resource that turns out to need something else on its own, with everything after it. What was only "known after" something is free.',
      'After a run that changed something the network is proven with a pod on every node (see `provision prove`); its plan says so.',
      'A run that was stopped, killed or cut off needs no cleaning up: the same command goes on.',
    ],
    exits: ['failed', 'unmet', 'unreachable', 'locked', 'moved', 'changes'],
    examples: [
      ['provision up inventory/lab.yaml --dry-run', 'what would change'],
      ['provision up inventory/lab.yaml --yes', 'change it without a question'],
      ['provision up prod.yaml --limit group:edge,!node7', 'some hosts'],
      ['provision up prod.yaml --only kernel', 'one part of the work'],
      ['provision up prod.yaml --yes --report run.html', 'with a report of what was done and seen'],
      ['provision up prod.yaml --dry-run --out p.json', 'save a plan …'],
      ['provision up prod.yaml --plan p.json', '… and carry out exactly that'],
    ],
    files: [
      ['~/.kube/NAME.kubeconfig', 'access to the cluster NAME, for you alone (--kubeconfig)'],
      ['~/.ssh/config, ~/.ssh/known_hosts', 'how hosts are reached, and who they are'],
      ['~/.cache/provision', 'what was downloaded or compiled; can be made again'],
    ],
  })
}

async function up(world: World, parts: Parts, path: string, options: UpOptions): Promise<ExitCode> {
  mayAct(world, options)
  const saved = options.plan === undefined ? undefined : await readPlan(options.plan, VERSION)
  const loaded = await load(world, parts, { path, ...options })
  if (saved && saved.inventory !== digestOf(loaded)) throw otherInventory(options.plan ?? '', path)
  const consent: Consent = saved ? asSaved(saved) : options.dryRun ? 'look' : options.yes ? 'act' : 'ask'
  const make = consent !== 'look'
  const purpose = options.verify ? 'up, measured anew' : 'up'
  const reportFile = await ReportFile.open(options, loaded.inventory.name, world)
  return prepared({ world, parts, options, loaded, make, purpose, reportFile }, async (ready) => {
    const { screen } = ready
    showPolicies(loaded, { screen, world, reportFile })
    const result = await visit({ ...ready, ...upProof(ready, loaded, options), consent })
    if (options.out !== undefined) {
      await saveTo(options.out, loaded, result)
      const command = shellWords([world.program, 'up', path, '--plan', options.out])
      screen.say([`plan saved to ${options.out}; carry it out with: ${command}`, ...notFixed(result)])
    }
    if (consent === 'look') return options.detailedExitcode ? detailedExit(result) : result.exit
    if (result.exit !== EXIT.ok && !result.isUnproven) return result.exit
    if (isWhole(loaded, options)) {
      const at = new Date().toISOString()
      await recordUp(world, loaded.inventory.name, { inventory: digestOf(loaded), version: VERSION, at })
    }
    await takeKubeconfig({ world, screen, loaded, answers: result.answers, options })
    return result.exit
  })
}

/** Nobody is changed without a yes: given on the command line, by a saved plan, or to a question. */
function mayAct(world: World, { dryRun, yes, plan, json, input }: UpOptions): void {
  if (dryRun || yes || plan !== undefined) return
  if (world.stdin.isTTY === true && world.stdout.isTTY === true && !json && input) return
  throw new InputError({
    what: 'hosts would be changed, and there is nobody to ask: nothing was done',
    where: 'the command line',
    why: json ? '--json leaves no room for a question' : input ? 'this is not a terminal' : '--no-input was given',
    fix: `say yes beforehand:  ${shellWords([world.program, ...world.argv, '--yes'])}   or look first with --dry-run`,
  })
}

async function saveTo(file: string, loaded: Loaded, { plans }: VisitResult): Promise<void> {
  await savePlan(file, { format: 1, version: VERSION, inventory: digestOf(loaded), hosts: plans })
}

function digestOf({ inventory }: Loaded): string {
  return inventoryDigest(inventory)
}

/** Of this run one can say later that everything was as this inventory wants it. */
function isWhole({ inventory, hosts }: Loaded, { only }: UpOptions): boolean {
  return only.length === 0 && hosts.length === inventory.hosts.length
}

/** What a plan cannot print it cannot hold anybody to. */
function notFixed({ plans }: VisitResult): readonly string[] {
  const later = countPlan(plans).later
  if (later === 0) return []
  return [
    `not fixed by it: ${count(later, 'resource')} marked "known after"; what they need is decided when that is there`,
  ]
}

function otherInventory(plan: string, path: string): InputError {
  return new InputError({
    what: `the plan ${plan} was made from another inventory than ${path} is now`,
    where: plan,
    why: 'the file, or what --set adds to it, was changed since the plan was made',
    fix: 'make a new plan with `up --dry-run --out FILE` and look at it',
  })
}
