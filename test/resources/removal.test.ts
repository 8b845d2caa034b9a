import { describe, expect, it } from 'vitest'
import { removalGuard } from '../../src/cluster/removal.ts'
import { answersOf } from '../../src/core/fact.ts'
import { absentTree } from '../../src/resources/absent-tree.ts'
import { etcdMemberGone } from '../../src/resources/etcd-member-gone.ts'
import { kubeNetworkGone } from '../../src/resources/kube-network-gone.ts'
import { kubeNodeGone } from '../../src/resources/kube-node-gone.ts'
import { podsGone } from '../../src/resources/pods-gone.ts'
import { unitsForgotten } from '../../src/resources/units-forgotten.ts'

function seen(facts: Readonly<Record<string, string>>) {
  return answersOf(
    new Map(Object.entries(facts).map(([name, text]) => [name, { code: 0, text, stderr: '', truncated: false }])),
  )
}

const node = (ready: boolean) => {
  const status = { conditions: [{ type: 'Ready', status: ready ? 'True' : 'Unknown' }] }
  const object = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'w1' }, spec: {}, status }
  return `Node//w1\tobject\t${JSON.stringify(object)}\nNode//w1\tapi\tup\t\n`
}
const THREE = ['cp1', 'cp2', 'cp3'].map((name, i) => `all\tmember\t${i}a\t${name}\thttps://10.0.0.${i}:2379\n`).join('')
const healthy = (...numbers: readonly number[]) =>
  numbers.map((i) => `all\thealthy\thttps://10.0.0.${i}:2379\n`).join('')

describe('a node that is to leave', () => {
  it('is deleted, once', () => {
    expect(kubeNodeGone('w1').decide(seen({ 'kube-object': node(true) }))).toMatchObject({
      changes: [{ from: 'a node, Ready', to: 'absent' }],
      steps: [{ title: 'delete node w1' }],
    })
    expect(kubeNodeGone('w1').decide(seen({ 'kube-object': 'Node//w1\tapi\tup\t\n' })).verdict).toBe('same')
  })
  it('is not taken for gone while the API server does not answer', () => {
    const down = seen({ 'kube-object': 'Node//w1\tapi\tdown\tconnection refused\n' })
    expect(kubeNodeGone('w1').decide(down)).toMatchObject({
      verdict: 'unknown',
      reason: expect.stringContaining('connection refused'),
    })
  })
  it('leaves etcd by the id of the member that is called so', () => {
    const decision = etcdMemberGone({ node: 'cp2' }).decide(seen({ 'etcd-members': `all\tup\n${THREE}` }))
    expect(decision).toMatchObject({
      steps: [{ title: 'take cp2 out of etcd', body: expect.stringMatching(/member remove 1a$/) }],
    })
    expect(etcdMemberGone({ node: 'w1' }).decide(seen({ 'etcd-members': `all\tup\n${THREE}` })).verdict).toBe('same')
    expect(etcdMemberGone({ node: 'w1' }).decide(seen({ 'etcd-members': 'all\tdown\ttimeout\n' })).verdict).toBe(
      'unknown',
    )
  })
  it('may not take etcd’s majority with it', () => {
    const [quorum] = removalGuard({ nodes: ['cp3'], members: ['cp3'], dead: false })
    const met = (text: string) => quorum?.decide(seen({ 'etcd-members': `all\tup\n${THREE}${text}` }))
    expect(met(healthy(0, 1, 2))).toMatchObject({ finding: { met: true } })
    expect(met(healthy(0, 2))).toMatchObject({
      finding: { met: false, evidence: '1 of the 2 that stay answer, 2 must (silent: cp2)' },
    })
  })
  it('is not dead while it is Ready', () => {
    const [dead] = removalGuard({ nodes: ['w1'], members: [], dead: true })
    expect(dead?.decide(seen({ 'kube-object': node(true) }))).toMatchObject({ finding: { met: false } })
    expect(dead?.decide(seen({ 'kube-object': node(false) }))).toMatchObject({ finding: { met: true } })
  })
})

describe('what is left of a node', () => {
  it.each([
    ['absent\tno\tyes', 'same', undefined],
    ['folder\tno\tno', 'differs', 'absent'],
    ['folder\tno\tyes', 'differs', 'absent'],
    ['file\tno\tyes', 'differs', 'absent'],
    ['folder\tyes\tno', 'differs', 'empty; what is mounted or linked there stays'],
    ['folder\tyes\tyes', 'same', undefined],
  ])('in a folder that is %s', (state, verdict, to) => {
    const decision = absentTree({ path: '/var/lib/etcd' }).decide(seen({ tree: `/var/lib/etcd\ttree\t${state}\n` }))
    expect(decision.verdict).toBe(verdict)
    if (to !== undefined) expect(decision).toMatchObject({ changes: [{ to }] })
  })
  it('is ended and taken out of the kernel', () => {
    expect(podsGone().decide(seen({ 'kube-remains': '' })).verdict).toBe('same')
    expect(podsGone().decide(seen({ 'kube-remains': 'pods\tis\t1\npods\tis\t2\n' }))).toMatchObject({
      changes: [{ from: '2 processes of pods' }],
    })
  })
  it('are no IPVS services where kube-proxy has no link: they are somebody else’s', () => {
    const services = 'ipvs\tis\tTCP  0A60000A:23C1 rr\n'
    expect(kubeNetworkGone().decide(seen({ 'kube-remains': services })).verdict).toBe('same')
    expect(kubeNetworkGone().decide(seen({ 'kube-remains': `${services}links\tis\tkube-ipvs0\n` }))).toMatchObject({
      changes: [{ what: 'link kube-ipvs0' }, { what: 'IPVS services', from: '1' }],
    })
  })
  it.each([
    ['no\tyes', 'loaded\tactive\trunning\tno', ['what units were started with']],
    ['absent', 'loaded\tinactive\tdead\tyes', ['x.service']],
    ['absent', 'not-found\tfailed\tfailed\tno', ['x.service']],
    ['absent', 'not-found\tinactive\tdead\tno', []],
    // A package has one of the same name.
    ['absent', 'loaded\tinactive\tdead\tno', []],
  ])('is remembered by systemd, or by us: stamps %s, unit %s', (stamps, show, changes) => {
    const forgotten = unitsForgotten({ units: ['x.service'] })
    const tree = stamps === 'absent' ? 'absent\tno\tyes' : `folder\t${stamps}`
    const facts = {
      unit: `x.service\tshow\t${show}\nx.service\tenabled\tabsent\n`,
      tree: `/var/lib/provision/stamps\ttree\t${tree}\n`,
    }
    const decision = forgotten.decide(seen(facts))
    expect(decision.verdict === 'differs' ? decision.changes.map(({ what }) => what) : []).toEqual(changes)
    // What is stopped and has no file is forgotten by itself, in the wave that stopped it: that is nobody else's doing.
    expect(forgotten.guards).toEqual([])
  })
})
