import { reset as resetPlay } from '../../playbooks/reset.ts'
import { EXIT, type ExitCode, InputError } from '../core/errors.ts'
import { compile } from '../core/play.ts'
import { argv as shellWords } from '../core/quote.ts'
import { type ActOptions, addActOptions, consentOf } from './acting.ts'
import { DEFAULT_INVENTORY, type Loaded, load } from './loaded.ts'
import { describe } from './page.ts'
import { plainNodes } from './plain-nodes.ts'
import { prepared } from './prepare.ts'
import { addRunOptions, type RunOptions } from './run-options.ts'
import type { Verb, VerbContext } from './verb.ts'
import { visit } from './visit.ts'
import type { World } from './world.ts'

interface ResetOptions extends RunOptions, ActOptions {
  readonly destroy?: string
}

/** Takes away what `up` made. */
export const resetVerb: Verb = (context) => {
  const command = context.program.command('reset').argument('[INVENTORY]', 'the cluster', DEFAULT_INVENTORY)
  addActOptions(addRunOptions(command))
    .option('--destroy <NAME>', 'with --yes: the name of the cluster whose data may be destroyed')
    .action(async (path: string, options: ResetOptions) => context.exit(await reset(context, path, options)))
  return describe(command, {
    summary: 'take away what up made: the cluster, its data, our files',
    description: [
      'Stops the kubelet, ends every pod, takes the pod network out of the kernel, stops containerd, and removes the data of Kubernetes, etcd and containerd and the files that provision wrote. The plan names all of it first. Afterwards `up` makes a new cluster on the same machines.',
      'What provision did not make stays: packages, users, addresses, routes, sshd and its keys; no way to the host is touched. Swap stays off, modules stay loaded, and kernel parameters keep their values until the machine restarts: what they were before is not known.',
      'This cannot be undone: the name of the cluster must be typed, or given as --yes --destroy NAME. A machine that provision did not make a node of, or that is part of another cluster, is left alone; so is a single host of a cluster that goes on (see `provision remove`).',
      'Nothing is removed below which something is still mounted. A run that was cut off is gone on with by the same command.',
    ],
    exits: ['failed', 'unmet', 'unreachable', 'locked', 'moved'],
    examples: [
      ['provision reset test.yaml --dry-run', 'what would go'],
      ['provision reset test.yaml', 'all hosts, after a question'],
      ['provision reset test.yaml --yes --destroy test', 'without a question'],
      ['provision reset test.yaml --limit w2', 'a host that was taken out already'],
    ],
  })
}

async function reset({ world, parts }: VerbContext, path: string, options: ResetOptions): Promise<ExitCode> {
  const loaded = await load(world, parts, { path, ...options })
  const { name, hosts: all } = loaded.inventory
  if (options.yes && !options.dryRun && options.destroy !== name) throw unnamed(world, loaded, options.destroy)
  const consent = consentOf(world, options)
  return prepared({ world, parts, options, loaded, make: false, purpose: 'nothing' }, async (ready) => {
    const play = resetPlay({ refuseMember: loaded.hosts.length < all.length })
    const compiled = plainNodes(loaded.inventory, loaded.hosts).map((node) => compile(play, node))
    const { exit } = await visit({ ...ready, compiled, consent, confirm: name, collect: [] })
    if (exit === EXIT.ok && consent !== 'look')
      ready.screen.say([
        `${name} is gone from ${loaded.hosts.map((host) => host.name).join(', ')}; its kubeconfig is of no use any more`,
      ])
    return exit
  })
}

function unnamed(world: World, { inventory: { name } }: Loaded, given: string | undefined): InputError {
  return new InputError({
    what:
      given === undefined
        ? 'all data of the cluster would be destroyed without a question: nothing was done'
        : `--destroy names ${JSON.stringify(given)}, and this inventory is that of ${name}: nothing was done`,
    where: 'the command line',
    fix:
      given === undefined
        ? `say so:  ${shellWords([world.program, ...world.argv, '--destroy', name])}   or look first with --dry-run`
        : 'look whether it is the right inventory: --dry-run shows what would go',
  })
}
