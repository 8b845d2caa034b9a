import { describe, expect, it } from 'vitest'
import { intentOf } from '../../src/cli/etcd-restore.ts'
import { answersOf } from '../../src/core/fact.ts'
import { type EtcdMember, etcdMemberProbe, RESTORE_PHASES } from '../../src/facts/etcd-member.ts'
import { blobOf } from '../../src/resources/blob.ts'
import { etcdRestore } from '../../src/resources/etcd-restore.ts'

const snapshot = blobOf('etcd.db', 'data')
const member: EtcdMember = { name: 'cp1', peerUrl: 'https://10.0.0.11:2380', dataDir: '/var/lib/etcd' }
const FLAGS = [
  'member\tflag\tname\tcp1',
  'member\tflag\tinitial-advertise-peer-urls\thttps://10.0.0.11:2380',
  'member\tflag\tdata-dir\t/var/lib/etcd',
]

function seen(stamp?: string) {
  const lines = [...FLAGS, ...(stamp === undefined ? [] : [`member\trestore\t${stamp.replaceAll(' ', '\t')}`])]
  return answersOf(new Map([['etcd-member', { code: 0, text: lines.join('\n'), stderr: '', truncated: false }]]))
}

const verdicts = (stamp?: string) =>
  RESTORE_PHASES.map((phase) => {
    const want = { phase, intent: 'run-1', snapshot, member, initialCluster: 'cp1=https://10.0.0.11:2380' }
    return etcdRestore(want).decide(seen(stamp)).verdict
  })

describe('a restore', () => {
  it('reads the member from its manifest', () => expect(seen().get(etcdMemberProbe)).toEqual(member))

  it('begins at the beginning, and goes on where it was cut off', () => {
    expect(verdicts()).toEqual(['differs', 'differs', 'differs', 'differs'])
    expect(verdicts(`run-1 ${snapshot.sha256} stopped`)).toEqual(['same', 'same', 'differs', 'differs'])
    expect(verdicts(`run-1 ${snapshot.sha256} ready`)).toEqual(['same', 'same', 'same', 'same'])
  })

  it('takes neither another restore nor another snapshot for this one', () => {
    expect(verdicts(`run-0 ${snapshot.sha256} ready`)).toEqual(['differs', 'differs', 'differs', 'differs'])
    expect(verdicts(`run-1 ${'0'.repeat(64)} stopped`)).toEqual(['differs', 'differs', 'differs', 'differs'])
  })

  it('sends the snapshot only where its data are made', () => {
    const blobs = RESTORE_PHASES.flatMap((phase) => {
      const want = { phase, intent: 'run-1', snapshot, member, initialCluster: '' }
      const decision = etcdRestore(want).decide(seen())
      return decision.verdict === 'differs' ? decision.steps.flatMap((step) => step.blobs ?? []) : []
    })
    expect(blobs).toEqual([snapshot])
  })

  it('has one name for all its runs, and another the next time', () => {
    const at = (phase: 'stopped' | 'ready') =>
      new Map([['cp1', { ...member, restore: { intent: 'run-1', sha256: snapshot.sha256, phase } }]])
    expect(intentOf(at('stopped'), snapshot)).toBe('run-1')
    expect(intentOf(at('ready'), snapshot)).not.toBe('run-1')
    expect(intentOf(at('stopped'), { sha256: 'another' })).not.toBe('run-1')
  })
})
