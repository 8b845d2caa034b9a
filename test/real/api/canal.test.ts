import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Node } from '../../../src/cluster/node.ts'
import type { KubeObject } from '../../../src/facts/kube-object.ts'
import { ApiHost } from '../../support/api-host.ts'
import { apiPlay } from '../../support/api-play.ts'
import { copiedArtifacts } from '../../support/manifest-copies.ts'
import { nodeOf } from '../../support/node.ts'

const canal = (network: string, older = ''): Node =>
  nodeOf(
    `name: test
kubernetes: {version: "1.36.3", podSubnet: 10.32.0.0/16}
network: {cni: canal${network}}
hosts: {node1: {address: 10.0.0.11, roles: [control-plane, worker]}}
`,
    { artifacts: copiedArtifacts(older) },
  )

let host: ApiHost
beforeAll(async () => {
  host = await ApiHost.serving(canal(''))
}, 120_000)
afterAll(() => host?.[Symbol.asyncDispose]())

async function config(): Promise<Record<string, string>> {
  return JSON.parse(await host.kubectl("-n kube-system get cm canal-config -o jsonpath='{.data}'"))
}

test.each([
  ['', { Type: 'vxlan' }, { veth_mtu: '0', canal_iface: '' }],
  [', mtu: 1400, interface: lan0', { Type: 'vxlan', MTU: 1450 }, { veth_mtu: '1400', canal_iface: 'lan0' }],
])('Canal with {cni: canal%s} is accepted, and the same once more changes nothing', async (text, Backend, data) => {
  const play = apiPlay(canal(text))
  expect(play.resources.map(({ resource }) => resource.key)).toEqual(['kube-proxy:config', 'manifests:canal'])
  expect((await host.carryOut(play)).result).toMatchObject({ verdict: 'ok', failures: [] })
  const seen = await config()
  expect(seen).toMatchObject(data)
  expect(JSON.parse(seen['net-conf.json'] ?? '')).toEqual({ Network: '10.32.0.0/16', Backend })
  const calls = await host.kubectlCalls(async () => {
    const again = await host.carryOut(play)
    expect(again.result).toMatchObject({ verdict: 'ok', changed: 0, unchanged: 2, counters: { channels: 1 } })
  })
  expect(calls).toBe(1)
})

test('fields of others are named with who set them', async () => {
  const theirs: KubeObject = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'canal-config', namespace: 'kube-system' },
    data: { masquerade: 'false' },
  }
  await host.kubectl('apply --server-side --force-conflicts --field-manager=other -f -', theirs)
  const { result } = await host.carryOut(apiPlay(canal('')))
  expect(result).toMatchObject({ verdict: 'failed', changed: 0 })
  const { what, fix = '' } = result.failures[0]?.trouble ?? {}
  expect(what).toBe('ConfigMap kube-system/canal-config: "other" set .data.masquerade, and not as wanted here')
  for (const command of fix.split('\n').slice(1)) await host.kubectl(command.replace(/^kubectl /, ''))
  expect((await host.carryOut(apiPlay(canal('')))).result).toMatchObject({ verdict: 'ok', failures: [] })
})

test('an older release becomes ours, and only what it has otherwise is planned', async () => {
  expect((await host.carryOut(apiPlay(canal('', 'v3.31.7')))).result).toMatchObject({ verdict: 'ok', failures: [] })
  const { plan, result } = await host.carryOut(apiPlay(canal('')))
  const changes = plan?.resources.find(({ key }) => key === 'manifests:canal')?.changes.map(({ what }) => what) ?? []
  expect(changes).toContain('DaemonSet kube-system/canal')
  expect(changes).not.toContain('ServiceAccount kube-system/canal')
  expect(result).toMatchObject({ verdict: 'ok', failures: [] })
  const images = "-n kube-system get ds canal -o jsonpath='{.spec.template.spec.containers[*].image}'"
  expect(await host.kubectl(images)).toBe('quay.io/calico/node:v3.32.1 docker.io/flannel/flannel:v0.24.4')
  expect((await host.carryOut(apiPlay(canal('')))).result).toMatchObject({ verdict: 'ok', changed: 0 })
})
