import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { restoreEtcd, restoreOf } from '../../playbooks/etcd-restore.ts'
import { EXIT, type ExitCode, FailedError, InputError } from '../core/errors.ts'
import type { Answers } from '../core/fact.ts'
import type { Blob } from '../core/host.ts'
import { compile } from '../core/play.ts'
import { argv as shellWords } from '../core/quote.ts'
import { type EtcdMember, etcdMemberProbe } from '../facts/etcd-member.ts'
import { type ActOptions, consentOf } from './acting.ts'
import { type Loaded, load } from './loaded.ts'
import { prepared } from './prepare.ts'
import type { RunOptions } from './run-options.ts'
import type { VerbContext } from './verb.ts'
import { newRunId, visit } from './visit.ts'
import type { World } from './world.ts'

export interface RestoreOptions extends RunOptions, ActOptions {
  readonly from: string
  readonly destroy?: string
}

/** Gives every control plane the data of a snapshot, all of them together. */
export async function etcdRestore(
  { world, parts }: VerbContext,
  path: string,
  options: RestoreOptions,
): Promise<ExitCode> {
  const loaded = await load(world, parts, { path, ...options })
  const { name } = loaded.inventory
  refuseUnnamed(world, name, options)
  refusePart(loaded)
  const consent = consentOf(world, options)
  const snapshot = await snapshotBlob(resolve(world.cwd, options.from))
  return prepared({ world, parts, options, loaded, make: false, purpose: 'nothing' }, async (ready) => {
    const planes = loaded.hosts.filter(({ roles }) => roles.includes('control-plane')).map((host) => host.name)
    const nothing = planes.map((host) => ({ host, resources: [] }))
    const { together: _together, ...alone } = ready
    const looked = await visit({ ...alone, compiled: nothing, consent: 'fetch', collect: [etcdMemberProbe] })
    // One that cannot be seen may still run with the data of now: nothing is done without it.
    if (looked.exit !== EXIT.ok) return looked.exit
    const members = membersOf(planes, looked.answers)
    const restore = restoreOf({ intent: intentOf(members, snapshot), snapshot }, members)
    const compiled = [...members].map(([host, member]) => compile(restoreEtcd, { name: host, member, restore }))
    const { exit } = await visit({ ...alone, compiled, consent, confirm: name, collect: [] })
    if (exit === EXIT.ok && consent !== 'look') {
      ready.screen.say([
        `etcd of ${name} has the data of ${options.from} (sha256 ${snapshot.sha256.slice(0, 16)}…); what it had before is kept on ${planes.join(', ')}`,
        `nodes that joined since are not in it; whatever else differs, ${shellWords([world.program, 'up', path])} puts right`,
      ])
    }
    return exit
  })
}

/** A restore that was cut off is gone on with; one that is done, or of another snapshot, is not this one. */
export function intentOf(members: ReadonlyMap<string, EtcdMember>, { sha256 }: Pick<Blob, 'sha256'>): string {
  const begun = [...members.values()].find(({ restore }) => restore?.sha256 === sha256 && restore.phase !== 'ready')
  return begun?.restore?.intent ?? newRunId()
}

function membersOf(planes: readonly string[], answers: ReadonlyMap<string, Answers>): ReadonlyMap<string, EtcdMember> {
  return new Map(
    planes.map((host) => {
      const member = answers.get(host)?.get(etcdMemberProbe)
      if (member) return [host, member] as const
      throw new FailedError({
        what: `${host} runs no etcd that kubeadm made: nothing was done`,
        where: host,
        fix: 'every control plane of the inventory must be one: provision status; or take it out of the inventory',
      })
    }),
  )
}

/** Read twice: for its digest, and when it is sent. */
async function snapshotBlob(path: string): Promise<Blob> {
  const hash = createHash('sha256')
  let first = Buffer.alloc(0)
  try {
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
      if (first.length < DATABASE_HEAD) first = Buffer.concat([first, chunk]).subarray(0, DATABASE_HEAD)
      hash.update(chunk)
    }
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause)
    throw new InputError(
      {
        what: `the snapshot ${path} cannot be read (${code})`,
        where: '--from',
        fix: 'name a file that `provision etcd snapshot` made',
      },
      { cause },
    )
  }
  if (first.length < DATABASE_HEAD || first.readUInt32LE(MAGIC_AT) !== BOLT_MAGIC) {
    throw new InputError({
      what: `${path} is no snapshot of etcd`,
      where: '--from',
      fix: 'name a file that `provision etcd snapshot` made',
    })
  }
  const { size } = await stat(path)
  // On disk there, as etcd's data are: memory need not have the room.
  return { sha256: hash.digest('hex'), size, secret: false, name: basename(path), open: () => createReadStream(path) }
}

/** A bbolt database: page header of 16 bytes, then its magic. https://pkg.go.dev/go.etcd.io/bbolt */
const BOLT_MAGIC = 0xed0cdaed
const MAGIC_AT = 16
const DATABASE_HEAD = 20

/** Members that keep other data than the rest would be no members. */
function refusePart({ inventory, hosts }: Loaded): void {
  const missing = inventory.hosts.filter((host) => host.roles.includes('control-plane') && !hosts.includes(host))
  if (missing.length === 0) return
  throw new InputError({
    what: `--limit leaves out ${missing.map(({ name }) => name).join(', ')}`,
    where: '--limit',
    why: 'the data of etcd are restored on all control planes together, or on none',
    fix: 'leave --limit out',
  })
}

function refuseUnnamed(world: World, name: string, { yes, dryRun, destroy }: RestoreOptions): void {
  if (!yes || dryRun || destroy === name) return
  throw new InputError({
    what:
      destroy === undefined
        ? 'everything stored since the snapshot would be gone without a question: nothing was done'
        : `--destroy names ${JSON.stringify(destroy)}, and this inventory is that of ${name}: nothing was done`,
    where: 'the command line',
    fix: `say so:  ${shellWords([world.program, 'etcd', 'restore', '…', '--yes', '--destroy', name])}   or look first with --dry-run`,
  })
}
