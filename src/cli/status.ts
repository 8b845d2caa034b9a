import { InvalidArgumentError } from 'commander'
import { status as statusPlay } from '../../playbooks/status.ts'
import type { ExitCode } from '../core/errors.ts'
import type { Answers } from '../core/fact.ts'
import { FactError } from '../core/fact-error.ts'
import type { HostPlan } from '../core/plan.ts'
import { compile } from '../core/play.ts'
import { kubeNodesProbe } from '../facts/kube-nodes.ts'
import { kubePodsProbe } from '../facts/kube-pods.ts'
import { count } from '../render/figure.ts'
import { requirementsText } from '../render/plan.ts'
import { type StatusRow, statusTable } from '../render/status.ts'
import { DEFAULT_INVENTORY, load } from './loaded.ts'
import { describe } from './page.ts'
import { plainNodes } from './plain-nodes.ts'
import { prepared, type Ready } from './prepare.ts'
import { addRunOptions, type RunOptions } from './run-options.ts'
import { statusRow } from './status-row.ts'
import type { Verb, VerbContext } from './verb.ts'
import { visit } from './visit.ts'

interface StatusOptions extends RunOptions {
  readonly certDays: number
  readonly freePercent: number
}

/** What the kubelet itself calls little disk, and time enough to renew a certificate. */
const DEFAULTS = { certDays: 30, freePercent: 15 }
/** Width where there is no terminal. */
const PIPE_COLUMNS = 100

/** Looks at a cluster that stands, and says whether somebody should get up. */
export const statusVerb: Verb = (context) => {
  const command = context.program.command('status').argument('[INVENTORY]', 'the cluster', DEFAULT_INVENTORY)
  addRunOptions(command)
    .option('--cert-days <N>', 'a certificate with fewer days left is unmet', wholeNumber, DEFAULTS.certDays)
    .option('--free-percent <N>', 'a file system with less free is unmet', wholeNumber, DEFAULTS.freePercent)
    .action(async (path: string, options: StatusOptions) => context.exit(await status(context, path, options)))
  return describe(command, {
    summary: 'how the cluster is: nodes, control plane, certificates, disks',
    description: [
      'Looks at every host once, over one channel, and changes nothing. Shows the nodes with their versions and pods, and judges: the API server and etcd of each control plane, whether each node is Ready, days left of every certificate, free disk, clock, restarts that are due, nodes that are not in the inventory.',
      'For cron: quiet exit 0 while nothing is wrong, 4 when something is, 5 when a host cannot be reached. Advice (pods that are not ready, a restart that is due) does not change the exit code. -v shows what is well too.',
    ],
    exits: ['failed', 'unmet', 'unreachable'],
    examples: [
      ['provision status prod.yaml', 'nodes, and what is wrong'],
      ['provision status prod.yaml -v', 'and everything that is well'],
      ['provision status prod.yaml --cert-days 14', 'worry later about certificates'],
      ['provision status prod.yaml --json', 'findings as JSON lines'],
    ],
  })
}

async function status({ world, parts }: VerbContext, path: string, options: StatusOptions): Promise<ExitCode> {
  const loaded = await load(world, parts, { path, ...options })
  return prepared({ world, parts, options, loaded, make: false, purpose: 'nothing' }, async (ready) => {
    const play = statusPlay({ certificateDays: options.certDays, freePercent: options.freePercent })
    const compiled = plainNodes(loaded.inventory, loaded.hosts).map((node) => compile(play, node))
    const { exit, answers, plans } = await visit({ ...ready, compiled, consent: 'fetch', collect: [] })
    say(ready, { plans, rows: rowsOf(answers), verbose: options.verbose, hosts: loaded.hosts.length })
    return exit
  })
}

interface Seen {
  readonly plans: readonly HostPlan[]
  readonly rows: readonly StatusRow[]
  readonly verbose: boolean
  readonly hosts: number
}

function say({ screen, world }: Ready, { plans, rows, verbose, hosts }: Seen): void {
  const { paint } = screen
  const columns = world.stdout.columns ?? PIPE_COLUMNS
  const bad = plans.filter(({ resources }) =>
    resources.some(({ verdict }) => verdict === 'unmet' || verdict === 'failed'),
  )
  const told = verbose ? plans : plans.filter(({ resources }) => resources.some(({ verdict }) => verdict !== 'met'))
  const unseen = hosts - plans.length
  const verdict = [
    ...(unseen > 0 ? [paint.bad(`${unseen} of ${count(hosts, 'host')} could not be looked at`)] : []),
    bad.length > 0
      ? paint.bad(`${bad.length} of ${count(hosts, 'host')} not well`)
      : paint.good(`${count(plans.length, 'host')} well`),
  ]
  screen.say([
    '',
    ...statusTable(rows, { paint, columns }),
    '',
    ...requirementsText(told, { paint, verbose }),
    verdict.join('; '),
  ])
}

/** From the first control plane whose API server answers. */
function rowsOf(answers: ReadonlyMap<string, Answers>): readonly StatusRow[] {
  for (const answer of answers.values()) {
    const rows = rowsFrom(answer)
    if (rows.length > 0) return rows
  }
  return []
}

function rowsFrom(answers: Answers): readonly StatusRow[] {
  try {
    const seen = answers.get(kubeNodesProbe)
    if (seen.state !== 'up') return []
    const pods = answers.get(kubePodsProbe)
    return seen.nodes.map((node) => statusRow(node, pods, Date.now()))
  } catch (error) {
    // It was not asked for there, or did not answer: another host may tell.
    if (error instanceof FactError) return []
    throw error
  }
}

function wholeNumber(text: string): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= 0) return number
  throw new InvalidArgumentError('It must be a whole number.')
}
