import { describe, expect, it } from 'vitest'
import { type Answers, answersOf } from '../../src/core/fact.ts'
import { Value } from '../../src/core/value.ts'
import { type KubeadmInitWant, kubeadmInit } from '../../src/resources/kubeadm-init.ts'
import { type KubeadmJoinWant, kubeadmJoin } from '../../src/resources/kubeadm-join.ts'

/** What a host without kubectl says, with these of kubeadm's files. */
function host(files: readonly string[], server?: string): Answers {
  const text = (lines: readonly string[]) => ({ code: 0, text: lines.join('\n'), stderr: '', truncated: false })
  return answersOf(
    new Map([
      ['kubeadm', text(files.map((path) => `files\tfile\t${path}`))],
      ['kubelet-server', text(server === undefined ? [] : [`kubelet\tserver\t${server}`])],
      ['kube-object', text([])],
    ]),
  )
}

const JOINED = ['/etc/kubernetes/kubelet.conf', '/var/lib/kubelet/config.yaml']

describe('the first control plane', () => {
  const want: KubeadmInitWant = {
    config: '/kubeadm.yaml',
    version: '1.36.3',
    ignorePreflightErrors: [],
    timeoutMs: 1000,
    withKubeProxy: true,
  }
  const others = (inCluster: readonly string[], unseen: readonly string[] = []): KubeadmInitWant => ({
    ...want,
    others: { inCluster: Value.of('a look', inCluster), unseen },
  })

  it('makes a cluster where there is none', () => {
    expect(kubeadmInit(want).decide(host([]))).toMatchObject({ verdict: 'differs', steps: [{ title: 'kubeadm init' }] })
    expect(kubeadmInit(others([])).decide(host([]))).toMatchObject({ verdict: 'differs' })
  })

  it.each([
    ['nothing', []],
    ['nothing but a kubelet', ['/var/lib/kubelet/config.yaml']],
  ])('makes no second one beside the one other control planes are in, where there is %s', (_what, files) => {
    const decision = kubeadmInit(others(['cp2'])).decide(host(files))
    expect(decision).toMatchObject({
      verdict: 'unknown',
      reason: expect.stringContaining('cp2 is in a cluster already'),
    })
  })

  it('makes none while it is not known whether they are', () => {
    const waits = { ...want, others: { inCluster: new Value('a look', new Promise<string[]>(() => {})), unseen: [] } }
    expect(kubeadmInit(waits).decide(host([]))).toMatchObject({ verdict: 'differs', awaits: 'a look', steps: [] })
    expect(kubeadmInit(others([], ['cp3'])).decide(host([]))).toMatchObject({
      verdict: 'unknown',
      reason: expect.stringContaining('cp3'),
    })
  })

  it('goes on with its own, whatever the others are', () => {
    const begun = host(['/etc/kubernetes/manifests/etcd.yaml'])
    expect(kubeadmInit(others(['cp2'], ['cp3'])).decide(begun)).toMatchObject({
      verdict: 'differs',
      steps: [{ title: 'go on with kubeadm init' }],
    })
  })
})

describe('a further node', () => {
  const want = (file: Value<string | undefined>, more: Partial<KubeadmJoinWant> = {}): KubeadmJoinWant => ({
    node: 'w1',
    controlPlane: false,
    endpoint: '10.0.0.1:6443',
    first: 'cp1',
    file,
    ignorePreflightErrors: ['NumCPU'],
    timeoutMs: 1000,
    ...more,
  })
  const ticket = Value.of<string | undefined>('right to join', 'kind: JoinConfiguration # hush')
  const pending = new Value<string | undefined>('right to join', new Promise(() => {}))

  it('waits for the right to join, and joins by a file nobody else reads', () => {
    expect(kubeadmJoin(want(pending)).decide(host([]))).toMatchObject({ verdict: 'differs', awaits: 'right to join' })
    const decision = kubeadmJoin(want(ticket)).decide(host([]))
    if (decision.verdict !== 'differs') throw new Error(decision.verdict)
    const [step] = decision.steps
    expect(step?.blobs).toMatchObject([{ secret: true }])
    expect(step?.body).toContain('--ignore-preflight-errors=NumCPU')
    expect(JSON.stringify(decision)).not.toContain('hush')
  })

  it('has nothing to do, and waits for nothing, once it is in', () => {
    const decision = kubeadmJoin(want(pending)).decide(host(JOINED, 'https://10.0.0.1:6443'))
    expect(decision).toMatchObject({ verdict: 'same' })
  })

  it('goes on with half of it', () => {
    const decision = kubeadmJoin(want(ticket)).decide(host(JOINED.slice(0, 1), 'https://10.0.0.1:6443'))
    expect(decision).toMatchObject({ verdict: 'differs', steps: [{ title: 'go on with kubeadm join' }] })
  })

  it('keeps the credentials its kubelet has, when it goes on', () => {
    const plane = want(ticket, { controlPlane: true, ownEndpoint: '10.0.0.2:6443' })
    const steps = (files: readonly string[]) => {
      const decision = kubeadmJoin(plane).decide(host(files, 'https://10.0.0.2:6443'))
      return decision.verdict === 'differs' ? decision.steps.map(({ body }) => body).join() : decision.verdict
    }
    expect(steps(JOINED)).toContain('--skip-phases=kubelet-start')
    expect(steps(JOINED.slice(1))).not.toContain('--skip-phases')
  })

  it('goes on by itself where kubeadm lost patience with etcd, as a control plane only', () => {
    const body = (controlPlane: boolean) => {
      const decision = kubeadmJoin(want(ticket, { controlPlane })).decide(host([]))
      return decision.verdict === 'differs' ? decision.steps.map(({ body }) => body).join() : decision.verdict
    }
    expect(body(true)).toMatch(
      /\[ -e \/etc\/kubernetes\/bootstrap-kubelet.conf \] \|\| break\n.*\n {2}join --ignore.*Port-2380/,
    )
    expect(body(false)).not.toContain('bootstrap-kubelet.conf')
  })

  it('is left alone when it is in another cluster', () => {
    const decision = kubeadmJoin(want(pending)).decide(host(JOINED, 'https://10.9.9.9:6443'))
    expect(decision).toMatchObject({ verdict: 'unknown', reason: expect.stringContaining('https://10.9.9.9:6443') })
    expect(decision).not.toHaveProperty('awaits')
  })

  it('may keep to the API server beside it, as a control plane', () => {
    const plane = want(pending, { controlPlane: true, ownEndpoint: '10.0.0.2:6443' })
    const decision = kubeadmJoin(plane).decide(host(JOINED, 'https://10.0.0.2:6443'))
    expect(decision).toMatchObject({ verdict: 'differs', changes: [{ from: 'half joined' }] })
  })

  it('is told when the cluster has a node of its name already', () => {
    const decision = kubeadmJoin(want(Value.of('right to join', undefined))).decide(host([]))
    expect(decision).toMatchObject({ verdict: 'unknown', reason: expect.stringContaining('kubectl delete node w1') })
  })
})
