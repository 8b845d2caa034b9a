import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Node } from '../../../src/cluster/node.ts'
import type { KubeObject } from '../../../src/facts/kube-object.ts'
import { ApiHost } from '../../support/api-host.ts'
import { apiPlay } from '../../support/api-play.ts'
import { copiedArtifacts } from '../../support/manifest-copies.ts'
import { nodeOf } from '../../support/node.ts'

/** From copies of what helm made of the chart: the chart itself cannot be had where these tests run. */
const cilium = (kubernetes: string, network: string): Node =>
  nodeOf(
    `name: test
kubernetes: {version: "1.36.3"${kubernetes}}
network: {cni: cilium${network}}
hosts: {node1: {address: 10.0.0.11, roles: [control-plane, worker]}}
`,
    { artifacts: copiedArtifacts() },
  )

let host: ApiHost
beforeAll(async () => {
  host = await ApiHost.serving(cilium('', ''))
}, 120_000)
afterAll(() => host?.[Symbol.asyncDispose]())

const UPSTREAM = /^manifests:/
const config = (key: string) => host.kubectl(`-n kube-system get cm cilium-config -o jsonpath='{.data.${key}}'`)

describe('Cilium', () => {
  test.each([
    ['', '', 'false', ''],
    ['', ', mtu: 1400', 'false', '1450'],
    [', kubeProxy: {mode: none}', ', mtu: 1380, cilium: {routing: native}', 'true', '1380'],
  ])(
    'with {%s}, {cni: cilium%s} is accepted, and the same once more changes nothing',
    async (...[kubernetes, network, replaces, mtu]) => {
      const play = apiPlay(cilium(kubernetes, network), UPSTREAM)
      expect(play.resources.map(({ resource }) => resource.key)).toEqual(['manifests:cilium'])
      expect((await host.carryOut(play)).result).toMatchObject({ verdict: 'ok', changed: 1, failures: [] })
      expect(await config('kube-proxy-replacement')).toBe(replaces)
      expect(await config('mtu')).toBe(mtu)
      const calls = await host.kubectlCalls(async () => {
        const again = await host.carryOut(play)
        expect(again.result).toMatchObject({ verdict: 'ok', changed: 0, unchanged: 1, counters: { channels: 1 } })
      })
      expect(calls).toBe(1)
    },
  )

  test('a changed MTU rolls what reads it, and says so', async () => {
    const { plan } = await host.carryOut(
      apiPlay(cilium(', kubeProxy: {mode: none}', ', mtu: 1400, cilium: {routing: native}'), UPSTREAM),
    )
    const changes = plan?.resources[0]?.changes ?? []
    expect(changes[0]).toMatchObject({ what: 'MTU of pods', from: '1380', to: '1400' })
    expect(changes.map(({ what }) => what).slice(1)).toEqual([
      'ConfigMap kube-system/cilium-config',
      'DaemonSet kube-system/cilium',
      'Deployment kube-system/cilium-operator',
    ])
  })

  test('fields of others are named with who set them', async () => {
    const theirs: KubeObject = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'cilium-config', namespace: 'kube-system' },
      data: { debug: 'true' },
    }
    await host.kubectl('apply --server-side --force-conflicts --field-manager=other -f -', theirs)
    const { result } = await host.carryOut(apiPlay(cilium('', ''), UPSTREAM))
    expect(result).toMatchObject({ verdict: 'failed', changed: 0 })
    expect(result.failures[0]?.trouble.what).toBe(
      'ConfigMap kube-system/cilium-config: "other" set .data.debug, and not as wanted here',
    )
  })
})
