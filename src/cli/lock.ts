import { resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { Option } from 'commander'
import { EXIT, type ExitCode, InputError } from '../core/errors.ts'
import type { Connect } from '../core/host.ts'
import { argv as shellWords } from '../core/quote.ts'
import { unifiedDiff } from '../render/diff.ts'
import { count } from '../render/figure.ts'
import { jsonText } from '../render/json.ts'
import { DEFAULT_INVENTORY, type Loaded, load } from './loaded.ts'
import { type Lock, type LockFile, lockPath, lockText, readLock } from './lock-file.ts'
import { lockedArtifacts, lockedHosts } from './lock-made.ts'
import { describe } from './page.ts'
import { writeOpenFile } from './private-file.ts'
import { Screen } from './screen.ts'
import type { Verb, VerbContext } from './verb.ts'

interface LockOptions {
  readonly update: boolean
  readonly check: boolean
  readonly set: readonly string[]
  readonly json: boolean
  readonly input: boolean
  readonly acceptNewHostKeys: boolean
}

const collect = (value: string, before: readonly string[]) => [...before, value]

/** Writes down what an inventory stands for today, so that it stands for the same tomorrow. */
export const lockVerb: Verb = (context) => {
  const command = context.program
    .command('lock')
    .argument('[INVENTORY]', 'what is to be held', DEFAULT_INVENTORY)
    .option('--update', 'write the lock file although it changes, after showing how', false)
    .option('--check', 'only compare; exit 10 when it would change', false)
    .addOption(
      new Option('--set <PATH=VALUE>', 'a value that wins over the inventory').default([], 'none').argParser(collect),
    )
    .option('--json', 'events as JSON lines on stdout, the lock last, nothing else there', false)
    .option('--no-input', 'never ask anything')
    .option('--accept-new-host-keys', 'record the key of a host nobody knows yet; a changed key is refused', false)
    .action(async (path: string, options: LockOptions) => context.exit(await lock(context, path, options)))
  return describe(command, {
    summary: 'hold an inventory to digests and host keys',
    description: [
      'Writes INVENTORY.lock.yaml beside the inventory: version and digest of every program and manifest a plan installs, the digest each image name stands for now, and the key of every host, verified as for any other visit. Commit it.',
      'While it stands there, every verb that visits hosts refuses another host key, and `up`, `check` and `bundle` another digest, naming both. Hosts pull images by the digest that is written down, whatever a tag means by then.',
      'The same inventory and the same world give the same file: without changes nothing is written. With changes they are shown; --update writes them.',
    ],
    exits: ['unreachable', 'failed', 'changes'],
    examples: [
      ['provision lock prod.yaml', 'the first time: write prod.lock.yaml'],
      ['provision lock prod.yaml --check', 'in CI: does it still hold? Writes nothing'],
      ['provision lock prod.yaml --update', 'after a changed version, or a new host'],
    ],
    files: [['INVENTORY.lock.yaml', 'beside the inventory: prod.yaml is held by prod.lock.yaml']],
  })
}

async function lock(context: VerbContext, path: string, options: LockOptions): Promise<ExitCode> {
  if (options.update && options.check)
    throw new InputError({
      what: '--update writes and --check does not: they do not go together',
      where: 'the command line',
      fix: 'leave one of them out',
    })
  const { world, parts } = context
  const loaded = await load(world, parts, { path, limit: [], set: options.set })
  const before = await readLock(world, loaded.inventory.file)
  const screen = new Screen(world, { json: options.json, verbose: false, input: options.input })
  // What is being compiled or asked stops with us.
  const work = new AbortController()
  const signal = AbortSignal.any([world.signal, work.signal])
  try {
    const made = await lockOf(context, { loaded, options, screen, signal })
    const file = loaded.inventory.file
    return await conclude(context, { before, path: lockPath(file), text: lockText(made, file), made, options, screen })
  } finally {
    work.abort()
    screen.close()
  }
}

interface Making {
  readonly loaded: Loaded
  readonly options: LockOptions
  readonly screen: Screen
  readonly signal: AbortSignal
}

async function lockOf({ world, parts }: VerbContext, { loaded, options, screen, signal }: Making): Promise<Lock> {
  const { inventory, hosts } = loaded
  const { report } = screen
  const machines = await parts.machines(inventory, hosts, { world, report, signal, make: false })
  const [missing] = machines.missing.keys()
  if (missing !== undefined)
    throw new InputError({
      what: `${missing} has no key yet: the lab machine does not exist`,
      where: inventory.file,
      fix: `make it first: ${shellWords([world.program, 'lab', 'up', inventory.file])}`,
    })
  const connect: Connect = await parts.connect(
    hosts.map((host) => machines.place(host)),
    {
      ...{ world, report, acceptNewHostKeys: options.acceptNewHostKeys },
      ...(screen.canAsk ? { askHostKey: screen.askHostKey } : {}),
    },
  )
  const names = hosts.map(({ name }) => name)
  const [keys, rest] = await Promise.all([
    lockedHosts(names, connect, signal),
    lockedArtifacts(inventory, { world, report, signal, make: true }),
  ])
  return { format: 1, ...rest, hosts: keys }
}

interface Made {
  readonly before: LockFile | undefined
  readonly path: string
  readonly text: string
  readonly made: Lock
  readonly options: LockOptions
  readonly screen: Screen
}

async function conclude(
  { world }: VerbContext,
  { before, path, text, made, options, screen }: Made,
): Promise<ExitCode> {
  const isSame = before !== undefined && isDeepStrictEqual(before.lock, made)
  const mayWrite = !options.check && (before === undefined || options.update)
  const isWritten = !isSame && mayWrite
  if (isWritten) await writeOpenFile(resolve(world.cwd, path), text)
  const state = isSame ? 'same' : isWritten ? 'written' : 'differs'
  if (options.json) world.stdout.write(world.redactor.text(`${jsonText({ type: 'lock', path, state, lock: made })}\n`))
  const parts = `${count(Object.keys(made.artifacts).length, 'artifact')}, ${count(Object.keys(made.images).length, 'image')}, ${count(Object.keys(made.hosts).length, 'host')}`
  if (isSame) screen.say([`${path} holds: ${parts}, nothing has changed`])
  else {
    if (before !== undefined) screen.say(['', ...unifiedDiff({ before: before.text, after: text }), ''])
    screen.say([isWritten ? `${path} written: ${parts}` : notWritten(path, before)])
  }
  return isSame || isWritten ? EXIT.ok : EXIT.changes
}

function notWritten(path: string, before: LockFile | undefined): string {
  if (before === undefined) return `${path} is not there; write it without --check`
  return `${path} is left as it is; to write what is marked + above: --update`
}
