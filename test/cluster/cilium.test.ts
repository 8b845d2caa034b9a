import { describe, expect, it } from 'vitest'
import { ciliumObjects, ciliumRelease, settledCilium } from '../../src/cluster/cilium.ts'
import { ciliumPools } from '../../src/cluster/cilium-pools.ts'
import { manifestCopy } from '../support/manifest-copies.ts'
import { nodeOf } from '../support/node.ts'

const node = (network: string, kubernetes = '') =>
  nodeOf(`name: test
kubernetes: {version: "1.36.3"${kubernetes}}
network: {cni: cilium${network}}
hosts: {node1: {address: 10.0.0.11, roles: [control-plane, worker]}}
`)
const values = (network: string, kubernetes = '') => ciliumRelease(node(network, kubernetes)).values

describe('what the chart is told', () => {
  it('leaves services to kube-proxy unless there is none', () => {
    expect(values('')).toMatchObject({
      kubeProxyReplacement: false,
      ipam: { mode: 'kubernetes' },
      routingMode: 'tunnel',
      tunnelProtocol: 'vxlan',
      operator: { replicas: 1 },
      // A policy that allows the subnet of the nodes is to mean them.
      policyCIDRMatchMode: ['nodes'],
    })
    expect(values('', ', kubeProxy: {mode: none}')).toMatchObject({
      kubeProxyReplacement: true,
      k8sServiceHost: '10.0.0.11',
      k8sServicePort: 6443,
    })
    const endpoint = ', kubeProxy: {mode: none}, controlPlaneEndpoint: "api.example:7443"'
    expect(values('', endpoint)).toMatchObject({ k8sServiceHost: 'api.example', k8sServicePort: 7443 })
  })
  it('follows routing, encryption, card and Hubble, and makes no keys that would differ each time', () => {
    const all = values(', interface: lan0, cilium: {routing: native, encryption: wireguard, hubble: true}')
    expect(all).toMatchObject({
      routingMode: 'native',
      autoDirectNodeRoutes: true,
      ipv4NativeRoutingCIDR: '10.244.0.0/16',
      encryption: { enabled: true, type: 'wireguard' },
      hubble: { enabled: true, listenAddress: '', tls: { enabled: false } },
      nodePort: { directRoutingDevice: 'lan0' },
    })
    // NodePorts and announced addresses are served on every card.
    expect(all).not.toHaveProperty('devices')
    expect(values(', cilium: {routing: geneve}')).toMatchObject({ tunnelProtocol: 'geneve' })
  })
})

describe('the MTU', () => {
  const rendered = manifestCopy('cilium-vxlan.yaml')
  it('is that of the card for pods to get what is written, and what stands there is kept', () => {
    const written = ciliumObjects(rendered, 1450)
    const settle = settledCilium(rendered, node(', mtu: 1400').inventory)
    expect(settle(written).changes).toEqual([])
    const kept = settledCilium(rendered, node('').inventory)(written)
    expect(kept.objects).toEqual(written)
    expect(kept.changes).toEqual([])
  })
  it('counts encryption and tunnel', () => {
    const twice = node(', mtu: 1350, cilium: {encryption: wireguard}').inventory
    const { objects } = settledCilium(rendered, twice)([])
    const config = objects.find(({ metadata }) => metadata.name === 'cilium-config')
    expect(config).toMatchObject({ data: { mtu: '1480' } })
  })
  it('refuses a text that is not its chart', () => {
    expect(() => ciliumObjects('kind: Nothing\nmetadata: {name: x}', undefined)).toThrow(
      /has no ConfigMap cilium-config/,
    )
  })
})

it('pools become addresses and one answer for who announces them, with a record of both', () => {
  const office = 'office: {addresses: [10.9.0.0/28], interfaces: [eth0.5]}'
  const pools = `, cilium: {l2Announcements: {${office}, lab: {addresses: [10.8.0.0/28], interfaces: [eth0.5]}}}`
  const [record, ...objects] = ciliumPools(node(pools, ', kubeProxy: {mode: none}').inventory.network)
  const lines = `cilium.io/v2 CiliumLoadBalancerIPPool office
cilium.io/v2 CiliumLoadBalancerIPPool lab
cilium.io/v2alpha1 CiliumL2AnnouncementPolicy provision`
  expect(record).toMatchObject({ data: { objects: lines } })
  expect(objects.map(({ spec }) => spec)).toEqual([
    { blocks: [{ cidr: '10.9.0.0/28' }] },
    { blocks: [{ cidr: '10.8.0.0/28' }] },
    { loadBalancerIPs: true, interfaces: ['^eth0\\.5$'] },
  ])
})
