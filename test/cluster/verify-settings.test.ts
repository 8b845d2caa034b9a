import { expect, it } from 'vitest'
import { verifySettings } from '../../src/cluster/requirements/settings.ts'
import { nodeOf } from '../support/node.ts'

const settings = (more: string) =>
  verifySettings(
    nodeOf(`name: test
kubernetes: {version: "1.36.3"}
${more}
hosts: {node1: {address: 10.0.0.11, roles: [control-plane, worker]}}
`),
    { measureAgain: false },
  )
const ports = (more: string) => settings(more).ports.map(({ port }) => port)

it('names to look up are those of the images that are used', () => {
  const base = ['dl.k8s.io', 'github.com', 'registry.k8s.io']
  const docker = ['registry-1.docker.io', 'auth.docker.io']
  expect(settings('network: {cni: calico}').names).toEqual([...base, 'quay.io'])
  expect(settings('network: {cni: canal}\ningress: {exposure: hostPorts}').names).toEqual([
    ...base,
    'quay.io',
    ...docker,
  ])
  expect(settings('network: {cni: cilium}\ncertManager: {}').names).toEqual([...base, 'quay.io'])
  expect(settings('network: {policyEngine: kube-router}').names).toContain('registry-1.docker.io')
  const mirrored = 'network: {cni: calico}\nruntime: {registryMirrors: {quay.io: ["https://mirror.example:5000/quay"]}}'
  expect(settings(mirrored).names).toEqual([...base, 'mirror.example'])
  expect(settings('artifacts: {source: lab}').names).toEqual([])
})

it('ports of nodes are those of all that listens there, and of what an ingress takes over', () => {
  expect(ports('network: {cni: cilium}')).toEqual(expect.arrayContaining([4240, 9234, 9878, 9879, 9963, 9964]))
  expect(ports('ingress: {exposure: hostPorts}')).toEqual(expect.arrayContaining([80, 443]))
  expect(
    ports('ingress: {exposure: loadBalancer}\nloadBalancer: {metallb: {pools: {a: {addresses: [10.9.0.0/28]}}}}'),
  ).not.toContain(80)
})
