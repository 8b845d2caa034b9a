import { describe, expect, test } from 'vitest'
import { up } from '../../playbooks/up.ts'
import { networkPolicies, policyLines, policyObjects } from '../../src/cluster/policies.ts'
import { compile } from '../../src/core/play.ts'
import type { KubeObject } from '../../src/facts/kube-object.ts'
import { refOf } from '../../src/facts/kube-object.ts'
import { readRecordLine } from '../../src/facts/object-record.ts'
import type { Policies } from '../../src/inventory/inventory.ts'
import { policyEngineOf } from '../../src/inventory/policy-engine.ts'
import { inventoryWith, load } from '../inventory/load.ts'
import { nodeOf } from '../support/node.ts'

function policiesOf(text: string): Policies {
  const { policies } = load(inventoryWith(`network: {policyEngine: kube-router}\npolicies: ${text}`))
  if (!policies) throw new Error('there are no policies')
  return policies
}

const SHOP = policiesOf(`
  shop:
    deny: [ingress, egress]
    dns: allow
    allow:
      frontend-to-backend: {from: [{pods: {app: frontend}}, {pods: {app: batch}}], to: [{pods: {app: backend}}], ports: [8080, http, 53/UDP]}
      world: {from: [{cidr: 0.0.0.0/0, except: [10.0.0.0/8]}], to: [{pods: {}}]}
      metrics: {from: [{namespace: monitoring, pods: {app: prometheus}}], to: [{pods: {}}]}
      to-mail: {from: [{pods: {app: backend}}], to: [{namespace: mail}], ports: [25]}
  open: {deny: [ingress]}`)

const named = (objects: readonly KubeObject[], name: string) =>
  objects.find(({ kind, metadata }) => kind === 'NetworkPolicy' && `${metadata.namespace}/${metadata.name}` === name)
    ?.spec

describe('policies become NetworkPolicies', () => {
  const objects = networkPolicies(SHOP)

  test('a rule between two of its own is allowed where it goes out and where it comes in', () => {
    const ports = [
      { port: 8080, protocol: 'TCP' },
      { port: 'http', protocol: 'TCP' },
      { port: 53, protocol: 'UDP' },
    ]
    const [frontend, batch, backend] = ['frontend', 'batch', 'backend'].map((app) => ({ matchLabels: { app } }))
    expect(named(objects, 'shop/frontend-to-backend.in')).toEqual({
      podSelector: backend,
      policyTypes: ['Ingress'],
      ingress: [{ from: [{ podSelector: frontend }, { podSelector: batch }], ports }],
    })
    const out = { policyTypes: ['Egress'], egress: [{ to: [{ podSelector: backend }], ports }] }
    expect(named(objects, 'shop/frontend-to-backend.out')).toEqual({ podSelector: frontend, ...out })
    expect(named(objects, 'shop/frontend-to-backend.out-2')).toEqual({ podSelector: batch, ...out })
  })

  test('others come by address or by namespace', () => {
    expect(named(objects, 'shop/world.in')).toEqual({
      podSelector: {},
      policyTypes: ['Ingress'],
      ingress: [{ from: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['10.0.0.0/8'] } }] }],
    })
    const namespace = (name: string) => ({ matchLabels: { 'kubernetes.io/metadata.name': name } })
    expect(named(objects, 'shop/metrics.in')).toMatchObject({
      ingress: [
        { from: [{ namespaceSelector: namespace('monitoring'), podSelector: { matchLabels: { app: 'prometheus' } } }] },
      ],
    })
    expect(named(objects, 'shop/to-mail.out')).toMatchObject({
      egress: [{ to: [{ namespaceSelector: namespace('mail') }], ports: [{ port: 25, protocol: 'TCP' }] }],
    })
  })

  test('what a namespace does not deny gets no policy that would deny it', () => {
    const open = policiesOf('{open: {deny: [ingress], allow: {a: {from: [{pods: {app: x}}], to: [{pods: {app: y}}]}}}}')
    expect(policyLines(open)).toEqual([
      'networking.k8s.io/v1 NetworkPolicy open/a.in',
      'networking.k8s.io/v1 NetworkPolicy open/default.deny',
    ])
  })

  test('DNS is a policy of its own; what is denied comes last', () => {
    expect(named(objects, 'shop/default.dns')).toMatchObject({ podSelector: {}, policyTypes: ['Egress'] })
    expect(objects.slice(-2).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)).toEqual([
      'shop/default.deny',
      'open/default.deny',
    ])
    expect(named(objects, 'shop/default.deny')).toEqual({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] })
    expect(named(objects, 'open/default.deny')).toEqual({ podSelector: {}, policyTypes: ['Ingress'] })
  })

  test('the record names each of them, so that it can be read back', () => {
    const [record] = policyObjects(SHOP)
    const { objects: text = '' } = (record?.data ?? {}) as { readonly objects?: string }
    expect(text.split('\n').map(readRecordLine)).toEqual(objects.map(refOf))
  })
})

test.each([
  ['networking.k8s.io/v1 NetworkPolicy shop/a', { namespace: 'shop', name: 'a' }],
  ['rbac.authorization.k8s.io/v1 ClusterRole system:metrics', { name: 'system:metrics' }],
  ['v1 Namespace shop', { apiVersion: 'v1', kind: 'Namespace', name: 'shop' }],
])('a record has lines like %s', (line, ref) => {
  expect(readRecordLine(line)).toMatchObject(ref)
})

test.each(['', 'NetworkPolicy/shop/a', 'v1 Secret a/b/c', 'v1 Secret ../x', 'v1 Secret a b', '-f Secret a'])(
  'and none like %j',
  (line) => expect(readRecordLine(line)).toBeUndefined(),
)

test.each([
  [{ cni: 'flannel' }, undefined],
  [{ cni: 'flannel', policyEngine: 'kube-router' }, 'kube-router'],
  [{ cni: 'calico' }, 'Calico'],
  [{ cni: 'canal' }, 'Calico'],
  [{ cni: 'cilium' }, 'Cilium'],
])('of %j policies are enforced by %s', (network, engine) => {
  expect(policyEngineOf(network)).toBe(engine)
})

test('what is no longer wanted goes once what is wanted is there', () => {
  const node = nodeOf(`name: test
kubernetes: {version: "1.36.3"}
network: {cni: calico}
policies: {shop: {deny: [ingress]}}
hosts: {node1: {address: 10.0.0.11, roles: [control-plane, worker]}}
`)
  const ours = compile(up, node).resources.map(({ resource }) => resource)
  const order = ours.map(({ key }) => key).filter((key) => key.endsWith(':policies'))
  expect(order).toEqual(['manifests:policies', 'removed:policies'])
  expect(ours.find(({ key }) => key === 'removed:policies')?.after).toEqual(['manifests:policies'])
})
