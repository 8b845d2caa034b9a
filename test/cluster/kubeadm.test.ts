import { describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import {
  apiServiceAddress,
  dnsServiceAddress,
  ignoredPreflightErrors,
  kubeadmFile,
  kubeProxyConfiguration,
} from '../../src/cluster/kubeadm.ts'
import { nodeOf, ONE_NODE } from '../support/node.ts'

function documents(inventory: string): Record<string, Record<string, unknown>> {
  const parsed = parseAllDocuments(kubeadmFile(nodeOf(inventory)))
  const objects = (parsed as { toJS(): Record<string, unknown> }[]).map((document) => document.toJS())
  return Object.fromEntries(objects.map((object) => [String(object.kind), object]))
}

describe('kubeadm file', () => {
  it('is four documents of the versions kubeadm 1.36 reads', () => {
    const all = documents(ONE_NODE)
    expect(Object.values(all).map(({ apiVersion, kind }) => `${kind} ${apiVersion}`)).toEqual([
      'InitConfiguration kubeadm.k8s.io/v1beta4',
      'ClusterConfiguration kubeadm.k8s.io/v1beta4',
      'KubeletConfiguration kubelet.config.k8s.io/v1beta1',
      'KubeProxyConfiguration kubeproxy.config.k8s.io/v1alpha1',
    ])
    expect(all.InitConfiguration).toMatchObject({
      localAPIEndpoint: { advertiseAddress: '10.0.0.11', bindPort: 6443 },
      nodeRegistration: { name: 'node1', taints: [], kubeletExtraArgs: [{ name: 'node-ip', value: '10.0.0.11' }] },
    })
    expect(all.ClusterConfiguration).toMatchObject({ kubernetesVersion: 'v1.36.3', clusterName: 'test' })
  })
  it('keeps kubeadm’s taint on a control plane that carries no workloads', () => {
    const all = documents(ONE_NODE.replace('[control-plane, worker]', '[control-plane]'))
    expect(all.InitConfiguration).not.toHaveProperty('nodeRegistration.taints')
  })
  it('puts scheduler, strictARP and timeouts under ipvs, and nothing there in another mode', () => {
    const ipvs = ONE_NODE.replace(
      'version: "1.36.3"',
      'version: "1.36.3", kubeProxy: {mode: ipvs, scheduler: lc, strictARP: true, tcpTimeout: 15m}',
    )
    expect(kubeProxyConfiguration(nodeOf(ipvs))).toMatchObject({
      mode: 'ipvs',
      ipvs: { scheduler: 'lc', strictARP: true, tcpTimeout: '15m' },
    })
    const nft = ONE_NODE.replace('version: "1.36.3"', 'version: "1.36.3", kubeProxy: {mode: nftables}')
    expect(kubeProxyConfiguration(nodeOf(nft))).not.toHaveProperty('ipvs')
  })
})

describe('preflight', () => {
  it('lets off exactly what the operator accepted', () => {
    expect(ignoredPreflightErrors({ 'cpu-count': 'one processor', virtualisation: 'a lab' })).toEqual(['NumCPU'])
    expect(ignoredPreflightErrors({})).toEqual([])
  })
})

describe('service addresses', () => {
  it('count within the service subnet', () => {
    expect(apiServiceAddress('10.96.0.0/12')).toBe('10.96.0.1')
    expect(dnsServiceAddress('10.96.0.0/12')).toBe('10.96.0.10')
    expect(dnsServiceAddress('172.20.255.250/24')).toBe('172.21.0.4')
  })
})
