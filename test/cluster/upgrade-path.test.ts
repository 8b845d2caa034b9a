import { describe, expect, it } from 'vitest'
import { judgePath, judgeVersion } from '../../src/cluster/upgrade-path.ts'

const running = (cluster: string, kubelets: Readonly<Record<string, string>> = {}) => ({
  cluster,
  kubelets: new Map(Object.entries(kubelets)),
})

describe('a cluster may go', () => {
  it.each([
    ['to the next minor version', running('v1.35.4', { a: 'v1.35.4' }), '1.36.3'],
    ['to a newer patch', running('v1.36.1'), '1.36.3'],
    ['nowhere: it is there', running('v1.36.3', { a: 'v1.36.3' }), '1.36.3'],
    ['on where it was stopped: control plane done, kubelets not', running('v1.36.3', { a: 'v1.35.4' }), '1.36.3'],
    ['with kubelets three minor versions older', running('v1.35.4', { a: 'v1.33.0' }), '1.36.3'],
  ])('%s', (_what, seen, wanted) => expect(judgePath(seen, wanted)).toMatchObject({ met: true }))
})

describe('a cluster may not go', () => {
  it.each([
    ['two minor versions at once', running('v1.34.2'), '1.36.3', ['2 minor versions', 'write version: "1.35.4"']],
    ['past what we install', running('v1.30.0'), '1.36.3', ['6 minor versions', 'go to 1.31 first']],
    ['back', running('v1.36.3'), '1.35.4', ['newer than 1.35.4', 'version: "1.36.3"']],
    ['back by a patch', running('v1.36.3'), '1.36.1', ['newer than 1.36.1', 'cannot go back']],
    ['below a kubelet', running('v1.35.4', { b: 'v1.36.3' }), '1.36.1', ['kubelet of b is v1.36.3', '1.36.3']],
    ['ahead of a very old kubelet', running('v1.35.4', { c: 'v1.32.9' }), '1.36.3', ['kubelet of c', 'bring c to']],
    ['to another major version', running('v1.36.3'), '2.0.0', ['2.0.0', '']],
  ])('%s', (_what, seen, wanted, says) => {
    const judged = judgePath(seen, wanted)
    const [evidence = '', fix = ''] = says
    expect(judged).toMatchObject({ met: false, severity: 'required' })
    expect(judged.evidence).toContain(evidence)
    expect(judged.fix).toContain(fix)
  })
})

describe('up', () => {
  it('leaves a node of another version alone, and names the verb', () => {
    const judged = judgeVersion('v1.35.4', '1.36.3', 'prod.yaml')
    expect(judged).toMatchObject({ met: false, severity: 'required' })
    expect(judged.fix).toContain('provision upgrade prod.yaml')
  })
  it('does not offer a way back', () => {
    expect(judgeVersion('v1.36.3', '1.35.4', 'prod.yaml').fix).not.toContain('upgrade')
  })
  it('is at home where the versions are the same', () => {
    expect(judgeVersion('v1.36.3', '1.36.3', 'prod.yaml')).toMatchObject({ met: true })
  })
})
