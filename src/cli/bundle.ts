import { resolve } from 'node:path'
import { InvalidArgumentError, Option } from 'commander'
import { ARCHES, type Arch, type Artifact } from '../artifacts/artifact.ts'
import { type BundlePart, writeBundle } from '../artifacts/bundle-writer.ts'
import { pullImage } from '../artifacts/image-pull.ts'
import { Registry } from '../artifacts/registry.ts'
import { EXIT, type ExitCode } from '../core/errors.ts'
import type { Report } from '../core/events.ts'
import type { Inventory } from '../inventory/inventory.ts'
import { bytes, count } from '../render/figure.ts'
import { jsonText } from '../render/json.ts'
import { cacheFolder } from './folders.ts'
import { heldImage, heldSupply } from './held.ts'
import { DEFAULT_INVENTORY, load } from './loaded.ts'
import { readLock } from './lock-file.ts'
import { neededArtifacts } from './needed-artifacts.ts'
import { describe } from './page.ts'
import { Screen } from './screen.ts'
import { openSupply } from './supply.ts'
import type { Verb, VerbContext } from './verb.ts'
import type { World } from './world.ts'

interface BundleOptions {
  readonly out: string
  readonly arch: readonly Arch[]
  readonly set: readonly string[]
  readonly json: boolean
}

/** Puts everything a plan installs into one folder or file, for sites without internet. */
export const bundleVerb: Verb = (context) => {
  const command = context.program
    .command('bundle')
    .argument('[INVENTORY]', 'what is to be installed', DEFAULT_INVENTORY)
    .requiredOption('--out <PATH>', 'a folder; or a file that ends in .tar')
    .option('--arch <LIST>', 'kinds of processors: amd64, arm64 or both', arches, ['amd64'])
    .addOption(
      new Option('--set <PATH=VALUE>', 'a value that wins over the inventory').default([], 'none').argParser(collect),
    )
    .option('--json', 'events as JSON lines on stdout, what the bundle holds last, nothing else there', false)
    .action(async (path: string, options: BundleOptions) => context.exit(await bundle(context, path, options)))
  return describe(command, {
    summary: 'put everything a plan installs into one folder or file',
    description: [
      'Writes exactly what this inventory needs, programs, images and manifests, with its digests and licences in bundle.json. Nothing else is needed on the other side: artifacts: {source: {bundle: PATH}}.',
      'It comes from the source the inventory names: the projects’ own download places, a mirror, the lab, or another bundle. Images come from their registries, or from runtime.registryMirrors of these. Every byte is checked against its digest; a lock file beside the inventory is held to.',
      'The bundle appears when it is whole. A run that was cut off is gone on with by the next one; the same artifacts give the same bytes.',
    ],
    exits: ['failed'],
    examples: [
      ['provision bundle prod.yaml --out prod.tar', 'one file to carry'],
      ['provision bundle prod.yaml --out /srv/prod --arch amd64,arm64', 'a folder, for a mixed cluster'],
    ],
    files: [['~/.cache/provision', 'downloads and layers of images, by digest; can be made again']],
  })
}

function arches(text: string): readonly Arch[] {
  const wanted = [...new Set(text.split(','))].sort()
  const known = ARCHES.filter((arch) => arch !== 'any')
  const isKnown = (arch: string): arch is Arch => known.some((one) => one === arch)
  if (wanted.every(isKnown)) return wanted
  throw new InvalidArgumentError(`It must be ${known.join(' or ')}, or both with a comma between them.`)
}

const collect = (value: string, before: readonly string[]) => [...before, value]

async function bundle({ world, parts }: VerbContext, path: string, options: BundleOptions): Promise<ExitCode> {
  const { inventory } = await load(world, parts, { path, limit: [], set: options.set })
  const screen = new Screen(world, { json: options.json, verbose: false, input: false })
  // What is being compiled or fetched stops with us.
  const work = new AbortController()
  const signal = AbortSignal.any([world.signal, work.signal])
  try {
    const wanted = await partsOf(inventory, options.arch, { world, report: screen.report, signal })
    const artifacts = await writeBundle(resolve(world.cwd, options.out), wanted)
    screen.say(summary(artifacts, options.out))
    if (options.json)
      world.stdout.write(world.redactor.text(`${jsonText({ type: 'bundle', path: options.out, artifacts })}\n`))
    return EXIT.ok
  } finally {
    work.abort()
    screen.close()
  }
}

interface Work {
  readonly world: World
  readonly report: Report
  readonly signal: AbortSignal
}

/** Everything an inventory needs, for these kinds of processors: each fetched when its turn comes. */
async function partsOf(inventory: Inventory, arches: readonly Arch[], work: Work): Promise<readonly BundlePart[]> {
  const { world, signal } = work
  const lock = await readLock(world, inventory.file)
  const opened = await openSupply(inventory, work)
  const supply = lock ? heldSupply(opened.supply, lock) : opened.supply
  const { programs, images, manifests } = neededArtifacts(inventory)
  const registry = new Registry({ mirrors: inventory.runtime.registryMirrors, signal })
  const offered = (name: string, arch: Arch) => async () => {
    // A program out of an archive is held to by the digest of the archive.
    if (lock) await supply.offers(name)
    return opened.supply.artifact(name, arch)
  }
  const pulled = (name: string, reference: string, arch: Arch) => () => {
    const digest = lock ? { digest: heldImage(lock, reference) } : {}
    return reported(work, reference, () =>
      pullImage(registry, { name, reference, arch, ...digest }, cacheFolder(world)),
    )
  }
  return [
    ...manifests.map((name) => offered(name, 'any')),
    ...arches.flatMap((arch) => [
      ...programs.map((name) => offered(name, arch)),
      ...[...images].map(([name, reference]) => (opened.pulls ? pulled(name, reference, arch) : offered(name, arch))),
    ]),
  ]
}

async function reported<T>({ report }: Work, what: string, body: () => Promise<T>): Promise<T> {
  const task = { type: 'task', id: `pull/${what}`, title: `pull ${what}` } as const
  const begin = performance.now()
  const ms = () => Math.round(performance.now() - begin)
  report({ ...task, state: 'start' })
  try {
    const made = await body()
    report({ ...task, state: 'ok', ms: ms() })
    return made
  } catch (error) {
    report({ ...task, state: 'failed', ms: ms() })
    throw error
  }
}

function summary(artifacts: readonly Artifact[], out: string): readonly string[] {
  const of = (kind: string) => artifacts.filter((artifact) => artifact.kind === kind).length
  const sizeBytes = artifacts.reduce((sum, { size }) => sum + size, 0)
  const licences = Map.groupBy(artifacts, ({ licence }) => licence)
  const counted = [...licences].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, all]) => `${name} (${all.length})`)
  return [
    `${out}: ${count(of('binary'), 'program')}, ${count(of('image'), 'image')}, ${count(of('manifest'), 'manifest')}, ${bytes(sizeBytes)}`,
    `licences, each beside its artifact in bundle.json: ${counted.join(', ')}`,
    `use it with:  artifacts: {source: {bundle: ${out}}}`,
  ]
}
