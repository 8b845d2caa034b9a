import { describe, expect, it } from 'vitest'
import { shareEndpoint } from '../../playbooks/endpoint.ts'
import { up } from '../../playbooks/up.ts'
import { sharedEndpoint } from '../../src/cluster/endpoint.ts'
import { sysctlValues } from '../../src/cluster/kernel.ts'
import { flowsBetween, portUsers } from '../../src/cluster/ports.ts'
import { judgeVirtualAddress } from '../../src/cluster/requirements/virtual-address.ts'
import { compile } from '../../src/core/play.ts'
import { template } from '../../src/template.ts'
import { nodeOf, ONE_NODE } from '../support/node.ts'

const THREE = `name: test
kubernetes: {version: "1.36.3", virtualAddress: {address: 10.0.0.10, port: 9443}}
network: {cni: flannel}
hosts:
  cp1: {address: 203.0.113.1, nodeAddress: 10.0.0.11, roles: [control-plane]}
  w1: {address: 10.0.0.21, roles: [worker]}
  cp2: {address: 10.0.0.12, roles: [control-plane]}
  cp3: {address: 10.0.0.13, roles: [control-plane]}
`

function member(name: string, text = THREE) {
  const first = nodeOf(text)
  const host = first.inventory.hosts.find((one) => one.name === name)
  if (!host) throw new Error(name)
  return { ...first, name, host, address: host.nodeAddress ?? host.address }
}

describe('an address that control planes hand to each other', () => {
  it('is the endpoint of the cluster', () => {
    expect(nodeOf(THREE).inventory.kubernetes.controlPlaneEndpoint).toBe('10.0.0.10:9443')
  })

  it('is balanced over all control planes, and carried by each of them in turn', () => {
    expect(sharedEndpoint(member('cp2'))).toMatchObject({
      own: '10.0.0.12',
      priority: 149,
      peers: [expect.any(String), '10.0.0.13'],
      planes: [expect.stringMatching(/^cp1 /), 'cp2 10.0.0.12:6443', 'cp3 10.0.0.13:6443'],
    })
    expect(sharedEndpoint(member('cp1'))?.priority).toBe(150)
  })

  it("has nothing on a worker, nor where the endpoint is somebody else's", () => {
    expect(sharedEndpoint(member('w1'))).toBeUndefined()
    expect(sharedEndpoint(nodeOf(ONE_NODE))).toBeUndefined()
    expect(sysctlValues(member('w1'))).not.toHaveProperty('net.ipv4.ip_nonlocal_bind')
    expect(sysctlValues(member('cp1'))).toHaveProperty('net.ipv4.ip_nonlocal_bind', '1')
  })

  it('is made before there is a cluster', () => {
    const sections = compile(up, member('cp1')).resources.map(({ section }) => section)
    expect(sections.indexOf('Share the endpoint')).toBeGreaterThan(sections.indexOf('Prepare the kernel'))
    expect(sections.indexOf('Share the endpoint')).toBeLessThan(sections.indexOf('Start the control plane'))
    expect(shareEndpoint.resources(member('w1'))).toEqual([])
  })

  it('needs its port to be reached from every node', () => {
    const { inventory } = nodeOf(THREE)
    const flows = flowsBetween(inventory.hosts, portUsers(inventory)).filter(({ port }) => port === 9443)
    expect(flows.filter(({ from }) => from === 'w1').map(({ to }) => to)).toEqual(['cp1', 'cp2', 'cp3'])
    expect(flows.filter(({ to }) => to === 'w1')).toEqual([])
  })

  it('ends no line of a configuration by a value in it', () => {
    const lone = { name: 'a', own: '10.0.0.1', address: '10.0.0.10', port: 1, routerId: 5, priority: 9, card: 'eth0' }
    const text = template('etc/keepalived/keepalived.conf', { ...lone, peers: [] })
    expect(text).not.toContain('unicast_peer')
    expect(text).toMatch(/\n {2}interface eth0\n {2}virtual_router_id 5\n/)
    const balancer = template('etc/haproxy/haproxy.cfg', {
      address: 'A',
      own: 'B',
      port: 2,
      planes: ['x 1:1', 'y 2:2'],
    })
    expect(balancer).toMatch(/\n {2}bind A:2 tcp-ut 15s\n {2}bind B:2 tcp-ut 15s\n/)
    expect(balancer).toMatch(/\n {2}server x 1:1\n {2}server y 2:2\n/)
  })
})

describe('whether that address will do', () => {
  const endpoint = { address: '10.0.0.10', own: '10.0.0.11' }
  const card = { card: 'eth0', prefixLength: 24 }

  it.each([
    ['free', card, { state: 'free' }, /10\.0\.0\.10 on eth0, free/],
    ['carried by one of ours', card, { state: 'taken', card: '02:01', byHolder: true }, /another control plane/],
  ] as const)('will when it is %s', (_name, carrier, use, evidence) => {
    const judged = judgeVirtualAddress(endpoint, carrier, use)
    expect(judged).toMatchObject({ met: true, evidence: expect.stringMatching(evidence), fix: '' })
  })

  it.each([
    ["a stranger's", card, { state: 'taken', card: '02:99', byHolder: false }, /02:99, which is none/],
    ['elsewhere', { card: 'eth0', prefixLength: 32 }, { state: 'free' }, /not in the network of eth0/],
    ['on no card', undefined, { state: 'free' }, /no network card of this host has 10\.0\.0\.11/],
  ] as const)('will not when it is %s', (_name, carrier, use, evidence) => {
    const judged = judgeVirtualAddress(endpoint, carrier, use)
    expect(judged).toMatchObject({ met: false, severity: 'required', evidence: expect.stringMatching(evidence) })
    expect(judged.fix).not.toBe('')
  })
})
