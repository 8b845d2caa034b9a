import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { Compiled } from '../../../src/core/play.ts'
import { ApiHost } from '../../support/api-host.ts'
import { apiNode } from '../../support/api-node.ts'
import { apiPlay } from '../../support/api-play.ts'

const inventory = (kubeProxy: string) => `name: test
kubernetes: {version: "1.36.3", kubeProxy: {${kubeProxy}}}
network: {cni: flannel}
hosts:
  node1: {address: 10.0.0.11, roles: [control-plane, worker]}
`

let host: ApiHost
beforeAll(async () => {
  host = await ApiHost.serving(await apiNode(inventory('mode: ipvs')))
}, 120_000)
afterAll(() => host?.[Symbol.asyncDispose]())

async function playOf(kubeProxy: string): Promise<Compiled> {
  return apiPlay(await apiNode(inventory(kubeProxy)), /^kube-proxy:config$/)
}

async function living(): Promise<Readonly<Record<string, unknown>>> {
  return parse(await host.kubectl(`-n kube-system get cm kube-proxy -o jsonpath='{.data.config\\.conf}'`))
}

test('what kubeadm wrote of our own file is as wanted', async () => {
  const { result } = await host.carryOut(await playOf('mode: ipvs'))
  expect(result).toMatchObject({ verdict: 'ok', changed: 0, unchanged: 1, counters: { channels: 1 } })
})

/** Each after the one before, as an inventory may change. */
const SETTINGS: readonly (readonly [string, object])[] = [
  ['mode: ipvs, scheduler: wrr, strictARP: true', { mode: 'ipvs', ipvs: { scheduler: 'wrr', strictARP: true } }],
  ['mode: ipvs, tcpTimeout: 900s, udpTimeout: 30s', { mode: 'ipvs', ipvs: { scheduler: 'rr', udpTimeout: '30s' } }],
  ['mode: nftables', { mode: 'nftables' }],
  ['mode: iptables', { mode: 'iptables' }],
]

test.each(SETTINGS)(
  '{%s} is written beside what kubeadm wrote, and kube-proxy reads it',
  { meta: { shows: ['kube-proxy ipvs', 'kube-proxy nftables', 'kube-proxy iptables'] } },
  async (settings, wanted) => {
    const { mode: _mode, ipvs: _ipvs, ...rest } = await living()
    const play = await playOf(settings)
    const { result } = await host.carryOut(play)
    expect(result).toMatchObject({ verdict: 'ok', changed: 1, unchanged: 0, failures: [] })
    expect(await living()).toMatchObject({ ...rest, ...wanted })
    // It says what it read, and would begin to serve otherwise: invalid values are refused, unknown fields missing.
    await host.sh(`/opt/kubernetes-node/kubectl --kubeconfig /etc/kubernetes/admin.conf -n kube-system get cm kube-proxy \\
  -o jsonpath='{.data.config\\.conf}' >/tmp/config.conf
/opt/kubernetes-control-plane/kube-proxy --config=/tmp/config.conf --write-config-to=/tmp/read.conf`)
    expect(parse(await host.sh('cat /tmp/read.conf'))).toMatchObject(wanted)
    expect((await host.carryOut(play)).result).toMatchObject({ verdict: 'ok', changed: 0, counters: { channels: 1 } })
  },
)
