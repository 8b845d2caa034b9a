import { describe, expect, it } from 'vitest'
import { up } from '../../playbooks/up.ts'
import { type Answers, answersOf } from '../../src/core/fact.ts'
import { compile } from '../../src/core/play.ts'
import { nodeOf, ONE_NODE } from '../support/node.ts'

const THREE = `name: test
kubernetes: {version: "1.36.3", controlPlaneEndpoint: "k8s.test:6443"}
network: {cni: flannel}
hosts:
  cp1: {address: 10.0.0.11, roles: [control-plane]}
  cp2: {address: 10.0.0.12, roles: [control-plane]}
  cp3: {address: 10.0.0.13, roles: [control-plane]}
  w1: {address: 10.0.0.21, roles: [worker]}
`

function serves(name: string, text = THREE) {
  const first = nodeOf(text)
  const host = first.inventory.hosts.find((one) => one.name === name)
  if (!host) throw new Error(name)
  const node = { ...first, name, host, address: host.address }
  const { resources } = compile(up, node)
  return { node, resource: resources.find(({ resource }) => resource.key === 'condition:control-plane')?.resource }
}

/** What kubectl says of static pods of cp2: their readiness. */
function pods(ready: Readonly<Record<string, boolean>>): Answers {
  const names = ['kube-apiserver-cp2', 'etcd-cp2']
  const lines = names.flatMap((name) => {
    const id = `Pod/kube-system/${name}`
    const status = { conditions: [{ type: 'Ready', status: ready[name] ? 'True' : 'False' }] }
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'kube-system' }, status }
    return [...(name in ready ? [`${id}\tobject\t${JSON.stringify(pod)}`] : []), `${id}\tapi\tup\t`]
  })
  return answersOf(new Map([['kube-object', { code: 0, text: lines.join('\n'), stderr: '', truncated: false }]]))
}

describe('one of several control planes', () => {
  it('has joined only once its own API server and its etcd are ready', () => {
    const { node, resource } = serves('cp2')
    expect(resource?.gives).toBe(node.membership.joined.get('cp2'))
    expect(resource?.decide(pods({ 'kube-apiserver-cp2': true, 'etcd-cp2': true }))).toMatchObject({ verdict: 'same' })
    expect(resource?.decide(pods({ 'kube-apiserver-cp2': true, 'etcd-cp2': false }))).toMatchObject({
      verdict: 'differs',
      changes: [{ from: 'etcd-cp2 is not ready' }],
      steps: [{ body: expect.stringContaining('--server https://10.0.0.12:6443 get --raw /readyz') }],
    })
    expect(resource?.decide(pods({ 'etcd-cp2': true }))).toMatchObject({
      changes: [{ from: 'kube-apiserver-cp2 is not there' }],
    })
  })

  it('is waited for on the first of them too, and nowhere else', () => {
    expect(serves('cp1').resource).toBeDefined()
    expect(serves('w1').resource).toBeUndefined()
    expect(serves('node1', ONE_NODE).resource).toBeUndefined()
  })
})
