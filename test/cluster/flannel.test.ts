import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { flannelObjects } from '../../src/cluster/flannel.ts'
import { nodeOf, ONE_NODE } from '../support/node.ts'

const manifest = readFileSync(new URL('../cases/cluster/kube-flannel.yml', import.meta.url), 'utf8')
const network = (text: string) => nodeOf(ONE_NODE.replace('{cni: flannel}', text)).inventory.network
const netConf = (text: string) => {
  const objects = flannelObjects(manifest, { podSubnet: '10.9.0.0/16', network: network(text) })
  const config = objects.find(({ kind }) => kind === 'ConfigMap') as unknown as { data: Record<string, string> }
  return JSON.parse(config.data['net-conf.json'] ?? '') as Record<string, unknown>
}

describe('flannel', () => {
  it('routes the pod subnet kubeadm was given', () => {
    expect(netConf('{cni: flannel}')).toEqual({
      Network: '10.9.0.0/16',
      EnableNFTables: false,
      Backend: { Type: 'vxlan' },
    })
  })
  it('sets backend and MTU only when asked', () => {
    expect(netConf('{cni: flannel, backend: host-gw}')).toMatchObject({ Backend: { Type: 'host-gw' } })
    // Pods get 1400: flannel takes its own overhead off what stands here.
    expect(netConf('{cni: flannel, mtu: 1400}')).toMatchObject({ Backend: { Type: 'vxlan', MTU: 1450 } })
    expect(netConf('{cni: flannel, backend: wireguard, mtu: 1400}')).toMatchObject({ Backend: { MTU: 1480 } })
    expect(netConf('{cni: flannel, backend: host-gw, mtu: 1400}').Backend).not.toHaveProperty('MTU')
  })
  it('pins the interface in the daemon’s arguments', () => {
    const objects = flannelObjects(manifest, {
      podSubnet: '10.9.0.0/16',
      network: network('{cni: flannel, interface: eth1}'),
    })
    expect(JSON.stringify(objects.find(({ kind }) => kind === 'DaemonSet'))).toContain('--iface=eth1')
    expect(manifest).not.toContain('--iface=eth1')
  })
  it('changes nothing else', () => {
    const plain = flannelObjects(manifest, { podSubnet: '10.244.0.0/16', network: network('{cni: flannel}') })
    const kinds = plain.map(({ kind, metadata }) => `${kind}/${metadata.name}`)
    expect(kinds).toEqual([
      'Namespace/kube-flannel',
      'ClusterRole/flannel',
      'ClusterRoleBinding/flannel',
      'ServiceAccount/flannel',
      'ConfigMap/kube-flannel-cfg',
      'DaemonSet/kube-flannel-ds',
    ])
  })
  it('refuses a manifest it does not know', () => {
    expect(() =>
      flannelObjects('kind: Pod\nmetadata: {name: x}\n', { podSubnet: '', network: network('{cni: flannel}') }),
    ).toThrow(/has no ConfigMap kube-flannel-cfg/)
  })
})
