import { afterAll, beforeAll, expect, test } from 'vitest'
import { ApiHost } from '../../support/api-host.ts'
import { apiNode } from '../../support/api-node.ts'
import { apiPlay } from '../../support/api-play.ts'

const inventory = (network: string) => `name: test
kubernetes: {version: "1.36.3"}
network: {cni: flannel, ${network}}
hosts:
  node1: {address: 10.0.0.11, roles: [control-plane, worker]}
`

let host: ApiHost
beforeAll(async () => {
  host = await ApiHost.serving(await apiNode(inventory('backend: vxlan')))
}, 120_000)
afterAll(() => host?.[Symbol.asyncDispose]())

/** Each after the one before, as an inventory may change. */
const NETWORKS: readonly (readonly [string, string, object])[] = [
  ['backend: vxlan', '', { Type: 'vxlan' }],
  ['backend: vxlan, mtu: 1400', '', { Type: 'vxlan', MTU: 1450 }],
  ['backend: host-gw', '', { Type: 'host-gw' }],
  ['backend: wireguard', '', { Type: 'wireguard' }],
  ['backend: vxlan, interface: lan0', '--iface=lan0', { Type: 'vxlan' }],
]

test.each(NETWORKS)(
  'Flannel with {%s} is accepted, and the same once more changes nothing',
  async (network, argument, backend) => {
    const play = apiPlay(await apiNode(inventory(network)))
    expect(play.resources.map(({ resource }) => resource.key)).toEqual(['kube-proxy:config', 'manifests:flannel'])
    const first = await host.carryOut(play)
    expect(first.result).toMatchObject({ verdict: 'ok', changed: 1, unchanged: 1, failures: [] })
    const settings = await host.kubectl(`-n kube-flannel get cm kube-flannel-cfg -o jsonpath='{.data.net-conf\\.json}'`)
    expect(JSON.parse(settings)).toMatchObject({ Network: '10.244.0.0/16', Backend: backend })
    const args = await host.kubectl(
      `-n kube-flannel get ds kube-flannel-ds -o jsonpath='{.spec.template.spec.containers[0].args}'`,
    )
    expect(args.includes('--iface')).toBe(argument !== '')
    expect(args).toContain(argument)

    const again = await host.carryOut(play)
    expect(again.result).toMatchObject({ verdict: 'ok', changed: 0, unchanged: 2, counters: { channels: 1 } })
  },
)

test('what somebody took away comes back, and nothing else is touched', async () => {
  const play = apiPlay(await apiNode(inventory('backend: vxlan, interface: lan0')))
  await host.kubectl('delete clusterrolebinding flannel')
  await host.kubectl(
    `-n kube-flannel patch cm kube-flannel-cfg --type=json -p '[{"op":"remove","path":"/data/net-conf.json"}]'`,
  )
  const { plan, result } = await host.carryOut(play)
  const flannel = plan?.resources.find(({ key }) => key === 'manifests:flannel')
  expect(flannel?.changes.map(({ what, to }) => [what, to])).toEqual([
    ['ClusterRoleBinding flannel', 'created'],
    ['ConfigMap kube-flannel/kube-flannel-cfg', 'as wanted'],
  ])
  expect(result).toMatchObject({ verdict: 'ok', changed: 1, failures: [] })
  expect((await host.carryOut(play)).result).toMatchObject({ verdict: 'ok', changed: 0 })
})
