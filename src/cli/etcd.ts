import type { Command } from 'commander'
import { addActOptions } from './acting.ts'
import type { RestoreOptions } from './etcd-restore.ts'
import type { SnapshotOptions } from './etcd-snapshot.ts'
import { DEFAULT_INVENTORY } from './loaded.ts'
import { describe } from './page.ts'
import { addRunOptions } from './run-options.ts'
import type { Verb, VerbContext } from './verb.ts'

/** What the cluster has stored: kept, and brought back. */
export const etcdVerb: Verb = (context) => {
  const etcd = context.program.command('etcd')
  for (const add of [snapshot, restore]) add(context, etcd)
  return describe(etcd, {
    summary: "keep and bring back what the cluster has stored (etcd's data)",
    description: [
      'Works with the etcd that kubeadm makes on control planes. Its own tools are taken from its image: nothing is installed.',
    ],
    exits: ['failed', 'unreachable', 'locked'],
    examples: [
      ['provision etcd snapshot prod.yaml', 'into NAME-etcd-DATE.db in this folder'],
      ['provision etcd restore prod.yaml --from prod-etcd-20261123t1200.db', 'after typing the name of the cluster'],
    ],
  })
}

function snapshot(context: VerbContext, etcd: Command): void {
  const command = etcd.command('snapshot').argument('[INVENTORY]', 'the cluster', DEFAULT_INVENTORY)
  addRunOptions(command)
    .option('--out <FILE>', 'where it goes (default: NAME-etcd-DATE.db in this folder)')
    .action(async (path: string, options: SnapshotOptions) => {
      const { etcdSnapshot } = await import('./etcd-snapshot.ts')
      context.exit(await etcdSnapshot(context, path, options))
    })
  describe(command, {
    summary: 'take a snapshot and bring it here',
    description: [
      'Taken from the first control plane whose etcd gives one, verified there by etcdutl and here by its digest, and written to a file that only you can read: it holds every secret of the cluster. FILE.json beside it says what it is: host, time, revision, keys, digests.',
      'Nothing stays on the host and nothing is disrupted. What etcd does not hold is not in it: certificates (/etc/kubernetes/pki), images, volumes.',
    ],
    exits: ['failed', 'unreachable'],
    examples: [
      ['provision etcd snapshot prod.yaml', 'into NAME-etcd-DATE.db'],
      ['provision etcd snapshot prod.yaml --out /backup/prod.db', 'nothing is overwritten'],
      ['provision etcd snapshot prod.yaml --json', 'the record as one line, for cron'],
    ],
    files: [['FILE.json', 'host, time, revision, number of keys, sha256']],
  })
}

function restore(context: VerbContext, etcd: Command): void {
  const command = etcd.command('restore').argument('[INVENTORY]', 'the cluster', DEFAULT_INVENTORY)
  addActOptions(addRunOptions(command))
    .requiredOption('--from <FILE>', 'the snapshot')
    .option('--destroy <NAME>', 'with --yes: the name of the cluster whose data may be replaced')
    .action(async (path: string, options: RestoreOptions) => {
      const { etcdRestore } = await import('./etcd-restore.ts')
      context.exit(await etcdRestore(context, path, options))
    })
  describe(command, {
    summary: 'go back to a snapshot, on all control planes together',
    description: [
      'Makes data of the snapshot beside the old ones, stops the control planes once all of them have it, puts it in its place and starts them. Everything stored since the snapshot is gone from the cluster; the old data are kept in DATADIR/provision-restore. Pods that run go on meanwhile, and are then what the snapshot says.',
      'The name of the cluster must be typed, or given as --yes --destroy NAME. All control planes must be reachable. Revisions go on far above the old ones, so that whoever watches notices.',
      'A restore that was cut off is gone on with by the same command and the same file.',
    ],
    exits: ['failed', 'unreachable', 'locked'],
    examples: [
      ['provision etcd restore prod.yaml --from prod.db --dry-run', 'what would be done'],
      ['provision etcd restore prod.yaml --from prod.db', 'after typing the name of the cluster'],
      ['provision etcd restore prod.yaml --from prod.db --yes --destroy prod', 'without a question'],
    ],
    files: [['/var/lib/etcd/provision-restore', 'on control planes: the data from before, until you remove them']],
  })
}
