import { expect, test } from 'vitest'
import { kubeProxyConfiguration } from '../../src/cluster/kubeadm.ts'
import { proxyNotice, refuseProxyMode } from '../../src/cluster/proxy-choice.ts'
import { nodeOf, ONE_NODE } from '../support/node.ts'

function node(mode: string, version = '1.36.3') {
  return nodeOf(ONE_NODE.replace('{version: "1.36.3"}', `{version: "${version}", kubeProxy: {mode: ${mode}}}`))
}

test('whoever chooses ipvs is told on one line when it ends; nobody else is', () => {
  expect(proxyNotice(node('ipvs').inventory)).toMatch(/1\.35 .*1\.40 .*1\.43 .*nftables$/)
  expect(proxyNotice(node('ipvs').inventory)).not.toContain('\n')
  expect(proxyNotice(node('nftables').inventory)).toBeUndefined()
})

test.each([
  ['ipvs', '1.36.3', undefined],
  ['ipvs', '1.42.9', undefined],
  ['ipvs', '1.43.0', /1\.43\.0 has no mode ipvs/],
  ['nftables', '1.43.0', undefined],
])('mode %s of Kubernetes %s', (mode, version, says) => {
  const refuse = () => refuseProxyMode(node(mode, version).inventory)
  if (says) expect(refuse).toThrow(says)
  else expect(refuse).not.toThrow()
})

test('from 1.40 the gate is named', () => {
  expect(kubeProxyConfiguration(node('ipvs', '1.39.9'))).not.toHaveProperty('featureGates')
  expect(kubeProxyConfiguration(node('ipvs', '1.40.0'))).toMatchObject({ featureGates: { KubeProxyIPVS: true } })
  expect(kubeProxyConfiguration(node('nftables', '1.40.0'))).not.toHaveProperty('featureGates')
})
