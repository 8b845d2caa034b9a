import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { z } from 'zod'
import { EXIT, type ExitCode, FailedError, InputError, ProvisionError, UnreachableError } from '../core/errors.ts'
import type { Connect, Session } from '../core/host.ts'
import { describeOutcome } from '../core/trouble.ts'
import { TAKE_SNAPSHOT } from '../facts/etcd-take.ts'
import { bytes } from '../render/figure.ts'
import { type Loaded, load } from './loaded.ts'
import { prepared } from './prepare.ts'
import { writePrivateFile } from './private-file.ts'
import type { RunOptions } from './run-options.ts'
import type { Screen } from './screen.ts'
import { SnapshotFile } from './snapshot-file.ts'
import type { VerbContext } from './verb.ts'
import { newRunId } from './visit.ts'

export interface SnapshotOptions extends RunOptions {
  readonly out?: string
}

/** etcdutl's words: https://etcd.io/docs/v3.6/op-guide/recovery/#snapshotting-the-keyspace */
const statusSchema = z.looseObject({ hash: z.int(), revision: z.int(), totalKey: z.int(), totalSize: z.int() })

/** What lies beside a snapshot, as FILE.json. */
export interface SnapshotRecord {
  readonly cluster: string
  readonly host: string
  readonly taken: string
  readonly sha256: string
  readonly sizeBytes: number
  readonly revision: number
  readonly keys: number
  /** etcd's own checksum of the keys. */
  readonly hash: string
}

const DEADLINE_MS = 1_800_000
/** The file itself is not kept in memory. */
const KEPT_BYTES = 64 * 1024

/** Takes a snapshot from the first control plane that gives one, and brings it here. */
export async function etcdSnapshot(
  { world, parts }: VerbContext,
  path: string,
  options: SnapshotOptions,
): Promise<ExitCode> {
  const loaded = await load(world, parts, { path, ...options })
  const out = resolve(world.cwd, options.out ?? `${loaded.inventory.name}-etcd-${newRunId().slice(0, 15)}.db`)
  refuseExisting(out)
  return prepared({ world, parts, options, loaded, make: false, purpose: 'nothing' }, async ({ connect, screen }) => {
    const record = await fromAnyPlane(loaded, { connect, screen, signal: world.signal, out })
    await writePrivateFile(`${out}.json`, `${JSON.stringify(record, null, 2)}\n`)
    if (options.json) world.stdout.write(`${JSON.stringify({ type: 'snapshot', file: out, ...record })}\n`)
    const { host, sizeBytes, revision, keys, sha256 } = record
    screen.say([
      `snapshot: ${out} (${bytes(sizeBytes)}, revision ${revision}, ${keys} keys, from ${host})`,
      `sha256 ${sha256}; what it is stands in ${out}.json. It holds every secret of the cluster.`,
    ])
    return EXIT.ok
  })
}

function refuseExisting(out: string): void {
  if (!existsSync(out)) return
  throw new InputError({
    what: `${out} is there already`,
    where: '--out',
    fix: 'choose another name: nothing is overwritten',
  })
}

interface Taking {
  readonly connect: Connect
  readonly screen: Screen
  readonly signal: AbortSignal
  readonly out: string
}

async function fromAnyPlane({ inventory, hosts }: Loaded, taking: Taking): Promise<SnapshotRecord> {
  const planes = hosts.filter(({ roles }) => roles.includes('control-plane'))
  if (planes.length === 0) {
    throw new InputError({
      what: '--limit leaves no control plane',
      where: '--limit',
      fix: 'name one of the control planes',
    })
  }
  let last: ProvisionError | undefined
  for (const { name } of planes) {
    try {
      return await fromPlane(inventory.name, name, taking)
    } catch (error) {
      if (!(error instanceof ProvisionError) || error instanceof InputError) throw error
      if (last) taking.screen.report({ type: 'notice', host: name, text: `no snapshot: ${error.trouble.what}` })
      last = error
    }
  }
  throw last ?? new UnreachableError({ what: 'no control plane was asked' })
}

async function fromPlane(cluster: string, host: string, { connect, signal, out }: Taking): Promise<SnapshotRecord> {
  const session = await connect(host, signal)
  const file = new SnapshotFile(out)
  try {
    const { status, digest } = await receive(session, file, signal)
    const sha256 = file.sha256()
    if (digest !== sha256) {
      throw new FailedError({
        what: `what came from ${host} has the sha256 ${sha256}, there it was ${digest}`,
        where: host,
        fix: 'run the same command again',
      })
    }
    file.keep()
    const { revision, totalKey, hash } = status
    const taken = new Date().toISOString()
    return { cluster, host, taken, sha256, sizeBytes: file.size, revision, keys: totalKey, hash: hash.toString(16) }
  } finally {
    file.drop()
    await session.close()
  }
}

async function receive(session: Session, file: SnapshotFile, signal: AbortSignal) {
  const outcome = await session.run(TAKE_SNAPSHOT, {
    deadlineMs: DEADLINE_MS,
    capBytes: KEPT_BYTES,
    signal,
    onText: ([mark], text) => {
      if (mark === 'data') file.take(text)
    },
  })
  const trouble = { where: session.host, fix: 'see whether etcd runs there: provision status, crictl ps' }
  if (outcome.kind !== 'exited') throw new FailedError(describeOutcome(outcome, 'taking a snapshot of etcd'))
  if (outcome.code !== 0) {
    throw new FailedError({ what: `no snapshot of etcd from ${session.host}: ${lastLine(outcome.stderr)}`, ...trouble })
  }
  const text = (name: string) => outcome.sections.find(({ mark: [word] }) => word === name)?.text.trim() ?? ''
  const status = statusSchema.safeParse(parsed(text('status')))
  if (!status.success) throw new FailedError({ what: `etcdutl said: ${text('status')}`, ...trouble })
  return { status: status.data, digest: text('digest').split(' ')[0] ?? '' }
}

function lastLine(stderr: string): string {
  return stderr.trim().split('\n').at(-1) ?? ''
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
