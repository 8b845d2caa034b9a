import { expect, it } from 'vitest'
import { up } from '../../playbooks/up.ts'
import { settledRoutes } from '../../src/cluster/calico-changes.ts'
import { calicoConfig, calicoLines, calicoRoutes } from '../../src/cluster/calico-config.ts'
import { compile } from '../../src/core/play.ts'
import { nodeOf } from '../support/node.ts'

const node = (calico: string) =>
  nodeOf(`name: test
kubernetes: {version: "1.36.3"}
network: {cni: calico, calico: {${calico}}}
hosts:
  node1: {address: 10.0.0.11, roles: [control-plane, worker]}
  node2: {address: 10.0.0.12, roles: [worker]}
`)
const { inventory: MESH } = node('encapsulation: none')
const { inventory: REFLECTED } = node('encapsulation: none, routeReflectors: [node2]')

it('pods are waited for with their addresses, reflectors are marked before they are the only way, and old ways go last', () => {
  const keys = compile(up, node('encapsulation: none, routeReflectors: [node2]')).resources.map(
    ({ resource }) => resource,
  )
  const after = Object.fromEntries(keys.map((resource) => [resource.key, resource.after]))
  expect(after['condition:calico']).toEqual(['manifests:calico-config'])
  expect(after['manifests:calico-routes']).toEqual(['kubeadm:init', 'kube-node:node1', 'kube-node:node2'])
  expect(after['removed:calico-config']).toEqual(['manifests:calico-config', 'condition:calico'])
  const order = keys.map(({ key }) => key)
  expect(order.indexOf('manifests:calico-routes')).toBeGreaterThan(order.indexOf('kube-node:node2'))
})

it('the mesh comes with the addresses, and goes with the reflectors, after them', () => {
  expect(calicoConfig(MESH).map(({ kind }) => kind)).toEqual([
    'ConfigMap',
    'IPPool',
    'FelixConfiguration',
    'BGPConfiguration',
  ])
  expect(calicoRoutes(MESH)).toEqual([])
  expect(calicoConfig(REFLECTED).map(({ kind }) => kind)).not.toContain('BGPConfiguration')
  expect(calicoRoutes(REFLECTED).map(({ kind }) => kind)).toEqual(['BGPPeer', 'BGPConfiguration'])
})

it('Typha is named for as long as there are nodes for it', () => {
  expect(calicoLines(node('typhaAbove: 1').inventory)).toEqual([
    'apps/v1 Deployment kube-system/calico-typha',
    'v1 Service kube-system/calico-typha',
    'policy/v1 PodDisruptionBudget kube-system/calico-typha',
  ])
  expect(calicoLines(node('typhaAbove: 2').inventory)).toEqual([])
})

it('says what another encapsulation and other tellers of routes do to those who talk', () => {
  const living = [...calicoConfig(MESH), ...calicoRoutes(MESH)]
  expect(settledRoutes(calicoConfig(MESH))(living).changes).toEqual([])
  const wrapped = settledRoutes(calicoConfig(node('encapsulation: ipip, crossSubnet: true').inventory))(living)
  expect(wrapped.changes).toEqual([
    {
      what: 'packets of pods between nodes',
      from: 'not wrapped',
      to: 'IP-in-IP, between subnets',
      disrupts: 'pods on different nodes do not reach each other until all nodes do the same',
    },
  ])
  expect(settledRoutes(calicoRoutes(REFLECTED))(living).changes).toMatchObject([
    { from: 'from every node to every other, AS 64512', to: 'through route reflectors, AS 64512' },
  ])
})

it('names in the record what is still to go', () => {
  const [record] = settledRoutes(calicoConfig(MESH))([...calicoConfig(REFLECTED), ...calicoRoutes(REFLECTED)]).objects
  expect(record).toMatchObject({
    data: {
      objects: 'crd.projectcalico.org/v1 BGPConfiguration default\ncrd.projectcalico.org/v1 BGPPeer route-reflectors',
    },
  })
})
