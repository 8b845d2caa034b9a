import { describe, expect, it } from 'vitest'
import { type Answers, answersOf } from '../../src/core/fact.ts'
import { CORDON_MARK } from '../../src/facts/cordon.ts'
import { drained, inService } from '../../src/resources/drained.ts'

interface World {
  readonly cordoned?: boolean
  readonly mark?: string
  /** Lines of the fact, after the id. */
  readonly pods?: readonly string[]
  readonly absent?: boolean
}

function seen({ cordoned = false, mark, pods = [], absent = false }: World): Answers {
  const node = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'w1', annotations: mark === undefined ? {} : { [CORDON_MARK]: mark } },
    spec: cordoned ? { unschedulable: true } : {},
    status: { nodeInfo: { kubeletVersion: 'v1.35.4' } },
  }
  const text = (lines: readonly string[]) => ({ code: 0, text: lines.join('\n'), stderr: '', truncated: false })
  const api = 'Node//w1\tapi\tup\t'
  return answersOf(
    new Map([
      ['kube-object', text(absent ? [api] : [`Node//w1\tobject\t${JSON.stringify(node)}`, api])],
      ['evictable-pods', text(pods.map((pod) => `w1\tpod\t${pod}`))],
    ]),
  )
}

const want = { node: 'w1', purpose: 'upgrade', timeoutSeconds: 60 }
const WEB = 'default/web\tRunning\tReplicaSet\t'

describe('a drained node', () => {
  it('takes no pods, and gives those it has to others', () => {
    const decision = drained(want).decide(seen({ pods: [WEB] }))
    expect(decision).toMatchObject({
      verdict: 'differs',
      changes: [{ what: 'new pods' }, { what: 'pods', from: 'default/web' }],
      steps: [{ title: 'drain w1', body: expect.stringContaining(`${CORDON_MARK}=`) }],
    })
  })

  it('keeps those of DaemonSets, static ones, and what has ended', () => {
    const pods = [
      'kube-system/kube-proxy-1\tRunning\tDaemonSet\t',
      'kube-system/etcd-w1\tRunning\tNode\tab12',
      'default/job-1\tSucceeded\tJob\t',
    ]
    expect(drained(want).decide(seen({ cordoned: true, pods }))).toMatchObject({ verdict: 'same' })
  })

  it('is not marked as ours where somebody else cordoned it', () => {
    const decision = drained(want).decide(seen({ cordoned: true, pods: [WEB] }))
    expect(decision).toMatchObject({ steps: [{ body: expect.not.stringContaining(CORDON_MARK) }] })
  })

  it('need not be drained where nothing is to be done to it, nor where the cluster does not have it', () => {
    const needless = { ...want, needless: () => 'it is new already' }
    expect(drained(needless).decide(seen({ pods: [WEB] }))).toEqual({ verdict: 'same', evidence: 'it is new already' })
    expect(drained(want).decide(seen({ absent: true }))).toMatchObject({ verdict: 'same' })
  })

  it('deletes pods that nothing brings back only when told to', () => {
    const body = (force: boolean) => drained({ ...want, force }).decide(seen({ pods: [WEB] }))
    expect(body(true)).toMatchObject({ steps: [{ body: expect.stringContaining(' --force') }] })
    expect(body(false)).toMatchObject({ steps: [{ body: expect.not.stringContaining(' --force') }] })
  })
})

describe('a node comes back', () => {
  it('when we cordoned it for this', () => {
    const decision = inService(want).decide(seen({ cordoned: true, mark: 'upgrade' }))
    expect(decision).toMatchObject({ verdict: 'differs', steps: [{ title: 'uncordon w1' }] })
  })
  it('also from half of it: marked, and not cordoned yet', () => {
    expect(inService(want).decide(seen({ mark: 'upgrade' }))).toMatchObject({ verdict: 'differs' })
  })
  it('not when somebody else did, or we did it for something else', () => {
    expect(inService(want).decide(seen({ cordoned: true }))).toMatchObject({
      verdict: 'same',
      evidence: 'cordoned by somebody else, and left so',
    })
    expect(inService(want).decide(seen({ cordoned: true, mark: 'remove' }))).toMatchObject({ verdict: 'same' })
  })
})
