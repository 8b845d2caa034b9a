import { describe, expect, it } from 'vitest'
import { kernelModuleNames, RESERVED_PORTS, sysctlValues } from '../../src/cluster/kernel.ts'
import { nodeOf, ONE_NODE } from '../support/node.ts'

const kubeProxy = (text: string) => ONE_NODE.replace('version: "1.36.3"', `version: "1.36.3", kubeProxy: ${text}`)

describe('kernel modules', () => {
  it('follow mode, scheduler and backend', () => {
    const ipvs = kernelModuleNames(nodeOf(kubeProxy('{mode: ipvs, scheduler: lc}')))
    expect(ipvs).toContain('ip_vs_lc')
    expect(ipvs).toContain('vxlan')
    expect(ipvs[0]).toEqual(['nf_conntrack', 'nf_conntrack_ipv4'])
    const nft = kernelModuleNames(nodeOf(kubeProxy('{mode: nftables}')))
    expect(nft.flat().some((name) => name.startsWith('ip_vs'))).toBe(false)
  })
  it('are named once', () => {
    const names = kernelModuleNames(nodeOf(kubeProxy('{mode: ipvs, scheduler: rr}'))).flat()
    expect(new Set(names).size).toBe(names.length)
  })
})

describe('kernel settings', () => {
  it('always reserve the ports of daemons beside a local port range', () => {
    expect(sysctlValues(nodeOf(ONE_NODE))).toMatchObject({
      'net.ipv4.ip_local_port_range': '10240 65535',
      'net.ipv4.ip_local_reserved_ports': RESERVED_PORTS.join(','),
    })
  })
  it('give the inventory the last word', () => {
    const own = `${ONE_NODE}kernel: {sysctl: {net.core.somaxconn: 1024}}\n`
    expect(sysctlValues(nodeOf(own))['net.core.somaxconn']).toBe('1024')
  })
})
