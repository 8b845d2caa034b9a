import {
  Deferred,
  type EtcdMember,
  type EtcdRestoreWant,
  etcdRestore,
  type Play,
  play,
  section,
  Value,
} from '../src/index.ts'

/** A control plane whose etcd gets the data of a snapshot. */
export interface RestoreNode {
  readonly name: string
  readonly member: EtcdMember
  readonly restore: Restore
}

/** What all of them have in common. */
export interface Restore extends Omit<EtcdRestoreWant, 'phase' | 'member'> {
  /** By name: that its new data are made. Nobody is stopped before all are. */
  readonly prepared: ReadonlyMap<string, Deferred<boolean>>
  /** By name: that it is stopped. None starts with old data beside one with new. */
  readonly stopped: ReadonlyMap<string, Deferred<boolean>>
}

export function restoreOf(
  want: Pick<EtcdRestoreWant, 'intent' | 'snapshot'>,
  members: ReadonlyMap<string, EtcdMember>,
): Restore {
  const deferred = (what: string) =>
    new Map([...members.keys()].map((name) => [name, new Deferred(`${name} ${what}`, () => true)]))
  const initialCluster = [...members.values()].map(({ name, peerUrl }) => `${name}=${peerUrl}`).join(',')
  return { ...want, initialCluster, prepared: deferred('has its data'), stopped: deferred('is stopped') }
}

/** The list behind `provision etcd restore`: all control planes together, phase by phase. */
export const restoreEtcd: Play<RestoreNode> = play('etcd restore', [
  section<RestoreNode>('Make the data ready', 'restore', ({ name, member, restore }) => {
    const gives = restore.prepared.get(name)
    return [etcdRestore({ ...restore, member, phase: 'prepared' }, gives ? { gives } : {})]
  }),
  section<RestoreNode>('Stop the control plane', 'restore', ({ name, member, restore }) => {
    const gives = restore.stopped.get(name)
    const until = all('every control plane has its data', restore.prepared)
    return [etcdRestore({ ...restore, member, phase: 'stopped' }, { until, ...(gives ? { gives } : {}) })]
  }),
  section<RestoreNode>('Start with the data of the snapshot', 'restore', ({ member, restore }) => [
    etcdRestore(
      { ...restore, member, phase: 'started' },
      { until: all('every control plane is stopped', restore.stopped) },
    ),
    etcdRestore({ ...restore, member, phase: 'ready' }, { after: ['etcd-restore:started'] }),
  ]),
])

function all(label: string, each: ReadonlyMap<string, Deferred<boolean>>): Value<unknown> {
  return new Value(label, () => Promise.all([...each.values()].map(({ value }) => value.promise)))
}
