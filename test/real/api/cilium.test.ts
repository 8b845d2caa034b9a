import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CILIUM_DEFINITIONS, CILIUM_KINDS } from '../../../src/cluster/cilium-pools.ts'
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

  test('pools that the inventory no longer names go with their key, and the record with them', async () => {
    const l2 = ', cilium: {routing: native, l2Announcements: {office: {addresses: [10.9.0.0/28]}}}'
    const pools = /^(removed|manifests):cilium-pools$/
    const none = ', kubeProxy: {mode: none}'
    for (const definition of definitions()) await host.kubectl('apply --server-side -f -', definition)
    await host.kubectl('wait --for=condition=Established --timeout=20s crd --all')
    const there = `get ${CILIUM_DEFINITIONS.join(',')} -o name`
    const record = '-n kube-system get cm provision-cilium --ignore-not-found -o name'

    expect((await host.carryOut(apiPlay(cilium(none, l2), pools))).result).toMatchObject({
      verdict: 'ok',
      failures: [],
    })
    expect((await host.kubectl(there)).trim().split('\n')).toEqual([
      'ciliumloadbalancerippool.cilium.io/office',
      'ciliuml2announcementpolicy.cilium.io/provision',
    ])
    const without = apiPlay(cilium(none, ', cilium: {routing: native}'), pools)
    const { plan, result } = await host.carryOut(without)
    expect(plan?.resources[0]?.changes.map(({ what }) => what)).toEqual([
      'CiliumLoadBalancerIPPool office',
      'CiliumL2AnnouncementPolicy provision',
      'ConfigMap provision-cilium',
    ])
    expect(result).toMatchObject({ verdict: 'ok', failures: [] })
    expect(await host.kubectl(there)).toBe('')
    expect(await host.kubectl(record)).toBe('')
    expect((await host.carryOut(without)).result).toMatchObject({ verdict: 'ok', changed: 0 })
  })
})

/** As Cilium's operator makes them, without its checks of what is in an object: the operator cannot run here. */
function definitions(): readonly KubeObject[] {
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } }
  return Object.entries(CILIUM_KINDS).map(([kind, apiVersion], i) => {
    const [group = '', version = ''] = apiVersion.split('/')
    const plural = CILIUM_DEFINITIONS[i]?.replace(`.${group}`, '') ?? ''
    return {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: `${plural}.${group}` },
      spec: {
        group,
        scope: 'Cluster',
        names: { kind, plural, singular: kind.toLowerCase() },
        versions: [{ name: version, served: true, storage: true, schema }],
      },
    }
  })
}
