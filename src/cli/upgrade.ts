import { InvalidArgumentError } from 'commander'
import { EXIT, type ExitCode, InputError } from '../core/errors.ts'
import { type ActOptions, addActOptions, consentOf } from './acting.ts'
import { takeKubeconfig } from './kubeconfig.ts'
import { DEFAULT_INVENTORY, type Loaded, load } from './loaded.ts'
import { describe } from './page.ts'
import { prepared } from './prepare.ts'
import { addReportOption, ReportFile, type ReportOptions } from './report-file.ts'
import { addRunOptions, type RunOptions } from './run-options.ts'
import type { Verb, VerbContext } from './verb.ts'
import { detailedExit, visit } from './visit.ts'

interface UpgradeOptions extends RunOptions, ReportOptions {
  readonly dryRun: boolean
  readonly yes: boolean
  readonly detailedExitcode: boolean
  readonly parallel: number
  readonly drainTimeout: number
}

const DRAIN_SECONDS = 600

/** Brings a cluster that runs to the inventory's version of Kubernetes, node by node. */
export const upgradeVerb: Verb = (context) => {
  const command = context.program.command('upgrade').argument('[INVENTORY]', 'the cluster', DEFAULT_INVENTORY)
  addReportOption(addActOptions(addRunOptions(command)))
    .option('--detailed-exitcode', 'with --dry-run: exit 10 when there are changes', false)
    .option('--parallel <N>', 'workers that are away at the same time', whole(100), 1)
    .option(
      '--drain-timeout <SECONDS>',
      'how long the pods of one node may take to leave it',
      whole(86_400),
      DRAIN_SECONDS,
    )
    .action(async (path: string, options: UpgradeOptions & ActOptions) =>
      context.exit(await upgradeCluster(context, path, options)),
    )
  return describe(command, {
    summary: "bring a cluster to the inventory's version of Kubernetes",
    description: [
      'Write the version you want as kubernetes.version and run this. One minor version at a time, never back; what cannot be is refused with the next step. `up` never changes the version of a cluster that runs.',
      'The first control plane goes first: a snapshot of its etcd is kept on it (/var/lib/provision/etcd), then its static pods are replaced one after the other, then its kubelet. The other control planes follow one by one, then the workers, --parallel at a time. Each node is cordoned and drained before, and uncordoned once it is Ready with the new version. A node you cordoned yourself stays so.',
      'PodDisruptionBudgets are honoured: a pod that may not go is named, and the upgrade stops there with everything else in service. Pods with emptyDir volumes lose what is in them, as with every drain; a pod that no controller brings back is not deleted but named.',
      'Stopped, killed or cut off, the same command goes on: what runs on the nodes tells how far it is.',
    ],
    exits: ['failed', 'unmet', 'unreachable', 'locked', 'changes'],
    examples: [
      ['provision upgrade prod.yaml --dry-run', 'what would be done, node by node'],
      ['provision upgrade prod.yaml', 'do it, after a question'],
      ['provision upgrade prod.yaml --yes --parallel 5', 'five workers at a time'],
      ['provision upgrade prod.yaml --limit role:control-plane', 'the control planes today, workers later'],
    ],
    files: [
      [
        '/var/lib/provision/etcd/before-vX.Y.Z.db',
        'on the first control plane: the snapshot; `provision etcd restore` takes it',
      ],
      ['/etc/kubernetes/tmp', "on control planes: what kubeadm kept of its old manifests and of etcd's data"],
    ],
  })
}

function whole(most: number): (text: string) => number {
  return (text) => {
    const number = Number(text)
    if (Number.isInteger(number) && number >= 1 && number <= most) return number
    throw new InvalidArgumentError(`It must be a whole number from 1 to ${most}.`)
  }
}

async function upgradeCluster(
  { world, parts }: VerbContext,
  path: string,
  options: UpgradeOptions & ActOptions,
): Promise<ExitCode> {
  refuseParts(options)
  const consent = consentOf(world, options)
  const loaded = await load(world, parts, { path, ...options })
  refuseWithoutFirst(loaded)
  const { compileUpgrade } = await import('./upgrade-compile.ts')
  const compile = compileUpgrade({ parallel: options.parallel, drainSeconds: options.drainTimeout })
  const reportFile = await ReportFile.open(options, loaded.inventory.name, world)
  const make = consent !== 'look'
  const input = { world, parts: { ...parts, compile }, options, loaded, make, purpose: 'up', reportFile } as const
  return prepared(input, async (ready) => {
    // What lies between hosts was measured when they joined.
    const { together: _together, ...alone } = ready
    const result = await visit({ ...alone, consent })
    if (consent === 'look') return options.detailedExitcode ? detailedExit(result) : result.exit
    if (result.exit !== EXIT.ok) return result.exit
    const { screen } = ready
    // kubeadm has renewed the certificates.
    await takeKubeconfig({ world, screen, loaded, answers: result.answers, options: { mergeKubeconfig: false } })
    return EXIT.ok
  })
}

/** A part of an upgrade is a node that was not drained, or never comes back. */
function refuseParts({ only }: RunOptions): void {
  if (only.length === 0) return
  throw new InputError({
    what: `an upgrade is done whole: --only ${only.join(',')} would leave out what belongs to it`,
    where: '--only',
    fix: 'leave --only out; --limit chooses nodes',
  })
}

/** It goes first, and gives out the turns. */
function refuseWithoutFirst({ inventory, hosts }: Loaded): void {
  const first = inventory.hosts.find(({ roles }) => roles.includes('control-plane'))
  if (!first || hosts.includes(first)) return
  throw new InputError({
    what: `--limit leaves out ${first.name}, the first control plane`,
    where: '--limit',
    why: 'it is upgraded first, and drains the others when their turn comes; when it is through already, nothing is done to it',
    fix: `name it too: --limit ${first.name},…`,
  })
}
