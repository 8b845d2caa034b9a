import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { EXIT, type ExitCode, FailedError } from '../core/errors.ts'
import type { Answers } from '../core/fact.ts'
import { argv as shellWords } from '../core/quote.ts'
import {
  KUBECONFIG_PROBES,
  kubeconfigFrom,
  kubeconfigPath,
  mergeKubeconfig,
  writeKubeconfig,
} from './kubeconfig-file.ts'
import { DEFAULT_INVENTORY, type Loaded, load } from './loaded.ts'
import { describe } from './page.ts'
import { prepared } from './prepare.ts'
import { writePrivateFile } from './private-file.ts'
import { addRunOptions, type RunOptions } from './run-options.ts'
import type { Screen } from './screen.ts'
import type { Verb, VerbContext } from './verb.ts'
import { visit } from './visit.ts'
import type { World } from './world.ts'

interface KubeconfigOptions extends RunOptions {
  readonly kubeconfig?: string
  readonly mergeKubeconfig: boolean
}

/** Fetches the kubeconfig of a cluster that stands. */
export const kubeconfigVerb: Verb = (context) => {
  const command = context.program.command('kubeconfig').argument('[INVENTORY]', 'the cluster', DEFAULT_INVENTORY)
  addRunOptions(command)
    .option('--kubeconfig <FILE>', 'where it goes (default: ~/.kube/NAME.kubeconfig)')
    .option('--merge-kubeconfig', 'add the cluster to ~/.kube/config as well', false)
    .action(async (path: string, options: KubeconfigOptions) => context.exit(await fetchOnly(context, path, options)))
  return describe(command, {
    summary: 'fetch the kubeconfig of a cluster',
    description: [
      'Reads /etc/kubernetes/admin.conf from a control plane and keeps it in a file that only you can read. `up` does the same at its end.',
      'Whoever has this file rules the cluster. With --merge-kubeconfig the cluster becomes a context of ~/.kube/config too; what is there stays, also the chosen context.',
    ],
    exits: ['failed', 'unreachable'],
    examples: [
      ['provision kubeconfig prod.yaml', 'into ~/.kube/NAME.kubeconfig'],
      ['provision kubeconfig prod.yaml --merge-kubeconfig', 'and as a context: kubectl --context NAME'],
    ],
    files: [
      ['~/.kube/NAME.kubeconfig', 'access to the cluster NAME'],
      ['~/.kube/config', 'only with --merge-kubeconfig'],
    ],
  })
}

async function fetchOnly({ world, parts }: VerbContext, path: string, options: KubeconfigOptions): Promise<ExitCode> {
  const loaded = await load(world, parts, { path, ...options })
  const hosts = loaded.hosts.filter(({ roles }) => roles.includes('control-plane')).map(({ name }) => name)
  return prepared({ world, parts, options, loaded, make: false, purpose: 'nothing' }, async (ready) => {
    const compiled = ready.compiled
      .filter(({ host }) => hosts.includes(host))
      .map(({ host }) => ({ host, resources: [] }))
    const result = await visit({ ...ready, compiled, consent: 'fetch', collect: KUBECONFIG_PROBES })
    if (result.exit !== EXIT.ok) return result.exit
    const { screen } = ready
    if (await takeKubeconfig({ world, screen, loaded, answers: result.answers, options })) return EXIT.ok
    throw new FailedError({
      what: 'no host has a kubeconfig yet',
      where: hosts.join(', '),
      fix: `bring the cluster up first: ${shellWords([world.program, 'up', path])}`,
    })
  })
}

export interface Taking {
  readonly world: World
  readonly screen: Screen
  readonly loaded: Loaded
  readonly answers: ReadonlyMap<string, Answers>
  readonly options: { readonly kubeconfig?: string; readonly mergeKubeconfig: boolean }
}

/** Takes home what a look brought along, and says where it is. @returns false when there is none */
export async function takeKubeconfig({ world, screen, loaded, answers, options }: Taking): Promise<boolean> {
  const found = kubeconfigFrom(answers, world.redactor)
  if (!found) return false
  const { name, hosts } = loaded.inventory
  const path = kubeconfigPath(world, name, options.kubeconfig)
  if (await writeKubeconfig(path, found.text)) screen.say([`kubeconfig: ${path}`])
  if (options.mergeKubeconfig) await merge(world, screen, { text: found.text, name })
  const isLab = hosts.some(({ lab }) => lab !== undefined)
  if (isLab)
    screen.say([
      `to look around: ${shellWords([world.program, 'lab', 'ssh', loaded.inventory.file, found.host, 'kubectl get pods -A'])}`,
    ])
  else screen.say([`to look around: kubectl --kubeconfig ${shellWords([path])} get pods -A`])
  return true
}

async function merge(
  { home }: World,
  screen: Screen,
  { text, name }: { readonly text: string; readonly name: string },
): Promise<void> {
  const path = join(home, '.kube', 'config')
  const before = await readFile(path, 'utf8').catch(() => '')
  const after = mergeKubeconfig(before, text, name)
  if (after === before) return
  await writePrivateFile(path, after)
  screen.say([`context ${name} added to ${path}`])
}
