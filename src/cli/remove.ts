import { InvalidArgumentError } from 'commander'
import { remove as removePlay } from '../../playbooks/remove.ts'
import { reset } from '../../playbooks/reset.ts'
import { Deferred } from '../core/deferred.ts'
import { EXIT, type ExitCode, InputError, UnreachableError } from '../core/errors.ts'
import type { Finding } from '../core/finding.ts'
import { compile } from '../core/play.ts'
import { argv as shellWords } from '../core/quote.ts'
import type { ResourceOptions } from '../core/resource.ts'
import type { Host, Inventory } from '../inventory/inventory.ts'
import { didYouMean } from '../inventory/nearest.ts'
import { type ActOptions, addActOptions, consentOf } from './acting.ts'
import { load } from './loaded.ts'
import type { Present } from './meeting.ts'
import { describe } from './page.ts'
import { plainNodes } from './plain-nodes.ts'
import { prepared } from './prepare.ts'
import { addRunOptions, type RunOptions } from './run-options.ts'
import type { Together } from './together.ts'
import type { Verb, VerbContext } from './verb.ts'
import { visit } from './visit.ts'

interface RemoveOptions extends RunOptions, ActOptions {
  readonly dead: boolean
  readonly keepHost: boolean
  readonly force: boolean
  readonly drainTimeout: number
  readonly via?: string
}

const DRAIN_SECONDS = 600

/** Takes nodes out of a cluster that goes on. */
export const removeVerb: Verb = (context) => {
  const command = context.program
    .command('remove')
    .argument('<INVENTORY>', 'the cluster')
    .argument('<HOST...>', 'the nodes that leave it')
  addActOptions(addRunOptions(command))
    .option('--keep-host', 'do not visit the host: it is drained, and stays as it is', false)
    .option('--dead', 'the host is gone for good: nothing is drained, nobody visits it', false)
    .option('--force', 'delete pods too that no controller brings back', false)
    .option('--drain-timeout <SECONDS>', 'how long a node may take to be emptied', seconds, DRAIN_SECONDS)
    .option('--via <HOST>', 'the control plane to work through (default: the first that stays)')
    .action(async (path: string, hosts: readonly string[], options: RemoveOptions) =>
      context.exit(await remove(context, path, hosts, options)),
    )
  return describe(command, {
    summary: 'take nodes out of a cluster that goes on',
    description: [
      'Cordons and drains the node, takes a control plane out of etcd first, deletes the node from the cluster, and then resets the machine as `provision reset` does. The plan names the pods that will move.',
      'PodDisruptionBudgets are honoured: when they leave no room until --drain-timeout is over, the pod that keeps the node is named and the node stays cordoned; the same command goes on. Pods that no controller brings back stop the drain unless --force says that they may be lost.',
      'Refused where etcd would lose its majority, and for the last control plane (see `provision reset`). A host that cannot be reached is not taken for dead: say --dead, which is refused while the node is Ready.',
      'Take the host out of the inventory as well, or the next `up` makes it a node again. A node that the inventory does not name any more can be removed with --keep-host or --dead.',
    ],
    exits: ['failed', 'unmet', 'unreachable', 'locked', 'moved'],
    examples: [
      ['provision remove prod.yaml w2 --dry-run', 'what would move, what would go'],
      ['provision remove prod.yaml w2', 'drain, delete, reset'],
      ['provision remove prod.yaml cp3 --dead --yes', 'a control plane that burnt down'],
    ],
  })
}

async function remove(
  { world, parts }: VerbContext,
  path: string,
  names: readonly string[],
  options: RemoveOptions,
): Promise<ExitCode> {
  const consent = consentOf(world, options)
  if (options.limit.length > 0) throw limited(options.limit)
  const whole = await load(world, parts, { path, limit: [], set: options.set })
  const isVisited = !options.dead && !options.keepHost
  const leaving = [...new Set(names)]
  const keeper = keeperOf(whole.inventory, leaving, options.via)
  const targets = leavingHosts(whole.inventory, leaving, isVisited)
  const loaded = { inventory: whole.inventory, hosts: isVisited ? [keeper, ...targets] : [keeper] }
  return prepared({ world, parts, options, loaded, make: false, purpose: 'nothing' }, async (ready) => {
    const [absent] = targets.flatMap(({ name }) => ready.missing.get(name) ?? [])
    if (absent !== undefined) throw notThere(absent)
    const released = new Map(leaving.map((name) => [name, new Deferred(`${name} out of the cluster`, () => true)]))
    const { dead, force, drainTimeout } = options
    const members = membersOf(whole.inventory, leaving)
    const out = removePlay({ nodes: leaving, members, dead, force, drainSeconds: drainTimeout, released })
    const clean = reset({ refuseMember: false, release: ({ name }) => untilGone(released.get(name)) })
    const compiled = plainNodes(loaded.inventory, loaded.hosts).map((node) =>
      compile(node.name === keeper.name ? out : clean, node),
    )
    const together = async (present: ReadonlyMap<string, Present>) => nobodyMissing(keeper.name, targets, present)
    const { exit } = await visit({ ...ready, compiled, consent, collect: [], ...(isVisited ? { together } : {}) })
    if (exit === EXIT.ok && consent !== 'look') ready.screen.say(farewell(whole.inventory, leaving, isVisited))
    return exit
  })
}

function untilGone(gone: Deferred<boolean> | undefined): Pick<ResourceOptions, 'until'> {
  return gone ? { until: gone.value } : {}
}

/** Who of them may be in etcd: nobody knows of one the inventory does not name. */
function membersOf({ hosts }: Inventory, leaving: readonly string[]): readonly string[] {
  const isWorker = (name: string) => hosts.some((host) => host.name === name && !host.roles.includes('control-plane'))
  return leaving.filter((name) => !isWorker(name))
}

/** A control plane that stays. @throws InputError where there is none */
function keeperOf({ hosts, file }: Inventory, leaving: readonly string[], via: string | undefined): Host {
  const planes = hosts.filter(({ name, roles }) => roles.includes('control-plane') && !leaving.includes(name))
  const keeper = via === undefined ? planes[0] : planes.find(({ name }) => name === via)
  if (keeper) return keeper
  const names = planes.map(({ name }) => name)
  throw new InputError(
    names.length === 0
      ? {
          what: `no control plane would be left without ${leaving.join(', ')}`,
          where: file,
          fix: 'a whole cluster is taken away by: provision reset',
        }
      : { what: `${via} is not a control plane that stays`, where: '--via', fix: `choose from: ${names.join(', ')}` },
  )
}

/** @throws InputError for a name that is not in the inventory, where the host is to be visited */
function leavingHosts({ hosts, file }: Inventory, leaving: readonly string[], isVisited: boolean): readonly Host[] {
  const known = hosts.map(({ name }) => name)
  const stranger = leaving.find((name) => !known.includes(name))
  if (stranger !== undefined && isVisited) {
    throw new InputError({
      what: `the inventory has no host ${JSON.stringify(stranger)}, so it cannot be visited`,
      where: file,
      fix: didYouMean(stranger, known) ?? 'where only the node is to go: --keep-host, or --dead',
    })
  }
  return hosts.filter(({ name }) => leaving.includes(name))
}

/** A host that was not reached would go on as a node nobody knows of. */
function nobodyMissing(keeper: string, targets: readonly Host[], present: ReadonlyMap<string, Present>): Together {
  const missing = targets.map(({ name }) => name).filter((name) => !present.has(name))
  const finding = (name: string): Finding => ({
    id: `reached:${name}`,
    met: false,
    evidence: `${name} was not reached: it would go on running its pods`,
    threshold: 'every host that leaves can be cleaned',
    severity: 'required',
    fix: `mend the way to ${name}; where it is gone for good: --dead; to leave it as it is: --keep-host`,
  })
  const findings: Together['findings'] = new Map(
    present.has(keeper) && missing.length > 0 ? [[keeper, missing.map(finding)]] : [],
  )
  return { findings, matrices: [], isNews: false }
}

function farewell({ hosts, file }: Inventory, leaving: readonly string[], isVisited: boolean): readonly string[] {
  const named = leaving.filter((name) => hosts.some((host) => host.name === name))
  return [
    `${leaving.join(', ')} left the cluster`,
    ...(isVisited
      ? []
      : ['a machine that still runs makes itself a node again when its kubelet restarts: provision reset cleans it']),
    ...(named.length === 0
      ? []
      : [`take ${named.join(', ')} out of ${shellWords([file])}, or the next up makes it a node again`]),
  ]
}

function seconds(text: string): number {
  const number = Number(text)
  if (Number.isInteger(number) && number > 0 && number <= 86_400) return number
  throw new InvalidArgumentError('It must be a whole number of seconds from 1 to 86400.')
}

/** Of a lab machine that is off, or gone. */
function notThere(what: string): UnreachableError {
  return new UnreachableError({ what, fix: 'start it: provision lab up; or where it is gone for good: --dead' })
}

function limited(limit: readonly string[]): InputError {
  return new InputError({
    what: `--limit ${limit.join(',')} says nothing here: the nodes that leave are named`,
    where: 'the command line',
    fix: 'leave --limit out, and name the nodes after the inventory',
  })
}
