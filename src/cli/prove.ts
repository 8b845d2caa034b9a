import { EXIT, type ExitCode, FailedError } from '../core/errors.ts'
import { argv as shellWords } from '../core/quote.ts'
import type { Host } from '../inventory/inventory.ts'
import { proofAfterwards } from './afterwards.ts'
import { DEFAULT_INVENTORY, type Loaded, load } from './loaded.ts'
import { describe } from './page.ts'
import type { Parts } from './parts.ts'
import { showPolicies } from './policies-shown.ts'
import { prepared } from './prepare.ts'
import { addReportOption, ReportFile, type ReportOptions } from './report-file.ts'
import { addRunOptions, type RunOptions } from './run-options.ts'
import type { Verb } from './verb.ts'
import { visit } from './visit.ts'
import type { World } from './world.ts'

interface ProveOptions extends RunOptions, ReportOptions {
  readonly allPairs: boolean
  readonly policies: boolean
}

/** Proves that the network of a cluster works, with pods of its own. */
export const proveVerb: Verb = ({ program, world, parts, exit }) => {
  const command = program.command('prove').argument('[INVENTORY]', 'the cluster', DEFAULT_INVENTORY)
  addReportOption(addRunOptions(command))
    .option('--all-pairs', 'every pair of nodes, however many there are (above 40 nodes a sample is tried)', false)
    .option('--policies', 'try whether policies deny anything, also where nobody is known to enforce them', false)
    .action(async (path: string, options: ProveOptions) => exit(await prove(world, parts, path, options)))
  return describe(command, {
    summary: 'prove that the network of a cluster works',
    description: [
      'Starts a pod on every node (the image every node has anyway; nothing is downloaded) and a Service in front of them, in a namespace of its own. From inside each pod it then sends to every other: TCP, UDP, packets as big as pods may send them, and the same to the Service, to CoreDNS, to kube-apiserver and to the addresses of LoadBalancer Services; and from each node to the Service. It looks at the mode of kube-proxy and at its rules in the kernel, and compares clocks. Where something enforces policies, it puts its pods under one of its own at the end: what that denies must not pass.',
      'What is wrong is told of the very pair and direction, with what was sent, what most likely causes it, and how to mend it. The namespace is removed afterwards, also when this program was killed; if the host itself went away, the next proof removes it.',
      '`up` does the same at its end when it changed something. A verdict you can live with goes into the inventory, with the reason:  accept: {pod-dns: "a test cluster"}. `provision explain pod-network` tells what a verdict is for.',
    ],
    exits: ['failed', 'unmet', 'unreachable', 'locked'],
    examples: [
      ['provision prove prod.yaml', 'all nodes'],
      ['provision prove prod.yaml --limit w1,w2', 'between these two'],
      ['provision prove prod.yaml --policies', 'find out whether policies deny anything'],
      ['provision prove prod.yaml --report proof.html', 'as a page for whoever asks'],
      ['provision prove prod.yaml --json | jq .', 'for a program'],
    ],
  })
}

async function prove(world: World, parts: Parts, path: string, options: ProveOptions): Promise<ExitCode> {
  const loaded = await load(world, parts, { path, ...options })
  const visited = { ...loaded, hosts: withFirst(loaded) }
  const reportFile = await ReportFile.open(options, loaded.inventory.name, world)
  return prepared(
    { world, parts, options, loaded: visited, make: false, purpose: 'nothing', reportFile },
    async (ready) => {
      const { screen, connect, forks } = ready
      showPolicies(loaded, { screen, world, reportFile })
      const afterwards = proofAfterwards({
        ...{ loaded, world, screen, connect, forks },
        allPairs: options.allPairs,
        policies: options.policies,
        when: () => true,
      })
      let isProven = false
      const result = await visit({
        ...{ ...ready, consent: 'fetch', collect: [] },
        afterwards: async (...given) => {
          const proven = await afterwards(...given)
          isProven = proven !== undefined
          return proven
        },
      })
      if (result.exit !== EXIT.ok || isProven) return result.exit
      throw nothingProven(world, path)
    },
  )
}

/** Objects are made on the first control plane, whether or not it takes part. */
function withFirst({ inventory, hosts }: Loaded): readonly Host[] {
  const first = inventory.hosts.find(({ roles }) => roles.includes('control-plane'))
  return first && !hosts.includes(first) ? [first, ...hosts] : hosts
}

function nothingProven(world: World, path: string): FailedError {
  return new FailedError({
    what: 'nothing was proven: no host could be visited',
    where: path,
    fix: `bring the cluster up first: ${shellWords([world.program, 'up', path])}`,
  })
}
