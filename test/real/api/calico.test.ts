import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Node } from '../../../src/cluster/node.ts'
import type { KubeObject } from '../../../src/facts/kube-object.ts'
import { ApiHost } from '../../support/api-host.ts'
import { apiPlay } from '../../support/api-play.ts'
import { copiedArtifacts } from '../../support/manifest-copies.ts'
import { nodeOf } from '../../support/node.ts'

const HOSTS = `hosts:
  node1: {address: 10.0.0.11, roles: [control-plane, worker]}
  node2: {address: 10.0.0.12, roles: [worker], labels: {tier: spine}}
  node3: {address: 10.0.0.13, roles: [worker]}
`

const calico = (network: string, older = ''): Node =>
  nodeOf(`name: test\nkubernetes: {version: "1.36.3"}\nnetwork: {cni: calico${network}}\n${HOSTS}`, {
    artifacts: copiedArtifacts(older),
  })

/** What an apply of upstream's manifest and of our own objects is. */
const KEYS = [
  'kube-proxy:config',
  'manifests:calico',
  'condition:calico-kinds',
  'manifests:calico-config',
  'removed:calico-config',
]

const BGP = 'get bgpconfigurations.crd.projectcalico.org,bgppeers.crd.projectcalico.org -o name'

let host: ApiHost
beforeAll(async () => {
  host = await ApiHost.serving(calico(''))
}, 120_000)
afterAll(() => host?.[Symbol.asyncDispose]())

function recorded(): Promise<string> {
  return host.kubectl("-n kube-system get cm provision-calico -o jsonpath='{.data.objects}'")
}

async function seen(kind: string, name: string): Promise<Record<string, unknown>> {
  const text = await host.kubectl(`get ${kind}.crd.projectcalico.org ${name} -o jsonpath='{.spec}'`)
  return JSON.parse(text) as Record<string, unknown>
}

/** Each after the one before, as an inventory may change: what pods' addresses are wrapped in, and the backend. */
const NETWORKS: readonly (readonly [string, string, object])[] = [
  // What was written by hand stays as long as nothing was measured.
  ['', 'vxlan', { vxlanMode: 'Always', ipipMode: 'Never' }],
  [', interface: lan0, mtu: 1400', 'vxlan', { vxlanMode: 'Always', ipipMode: 'Never' }],
  [', calico: {crossSubnet: true}', 'vxlan', { vxlanMode: 'CrossSubnet', ipipMode: 'Never' }],
  [', calico: {encapsulation: ipip}', 'bird', { vxlanMode: 'Never', ipipMode: 'Always' }],
  [', calico: {encapsulation: none}', 'bird', { vxlanMode: 'Never', ipipMode: 'Never' }],
  [', calico: {encapsulation: none, routeReflectors: [node1]}', 'bird', { vxlanMode: 'Never', ipipMode: 'Never' }],
  [', calico: {typhaAbove: 2}', 'vxlan', { vxlanMode: 'Always', ipipMode: 'Never' }],
]

describe('Calico', () => {
  test.each(NETWORKS)(
    'with {cni: calico%s} is accepted, and the same once more changes nothing',
    async (text, backend, pool) => {
      const play = apiPlay(calico(text))
      const keys = text.includes('Reflectors') ? [...KEYS, 'manifests:calico-routes'] : KEYS
      expect(play.resources.map(({ resource }) => resource.key).toSorted()).toEqual(keys.toSorted())
      expect((await host.carryOut(play)).result).toMatchObject({ verdict: 'ok', failures: [] })
      expect(await seen('ippools', 'default-ipv4-ippool')).toMatchObject({
        cidr: '10.244.0.0/16',
        blockSize: 26,
        ...pool,
      })
      const data = "-n kube-system get cm calico-config -o jsonpath='{.data.calico_backend} {.data.veth_mtu}'"
      expect(await host.kubectl(data)).toBe(`${backend} ${text === '' ? 0 : 1400}`)
      const probes = "-n kube-system get ds calico-node -o jsonpath='{..livenessProbe.exec.command}'"
      expect((await host.kubectl(probes)).includes('bird')).toBe(backend === 'bird')

      const calls = await host.kubectlCalls(async () => {
        const again = await host.carryOut(play)
        expect(again.result).toMatchObject({
          verdict: 'ok',
          changed: 0,
          unchanged: keys.length,
          counters: { channels: 1 },
        })
      })
      expect(calls).toBe(1)
    },
  )

  test('leaves nothing of BGP behind where nothing needs it any more', async () => {
    await host.carryOut(apiPlay(calico(', calico: {encapsulation: none, routeReflectors: {label: {tier: spine}}}')))
    expect((await host.kubectl(BGP)).trim().split('\n')).toEqual([
      'bgpconfiguration.crd.projectcalico.org/default',
      'bgppeer.crd.projectcalico.org/route-reflectors',
    ])
    expect(await seen('bgppeers', 'route-reflectors')).toMatchObject({
      peerSelector: "kubernetes.io/hostname in { 'node2' }",
    })
    expect(await seen('bgpconfigurations', 'default')).toMatchObject({ nodeToNodeMeshEnabled: false })
    await host.carryOut(apiPlay(calico('')))
    expect(await host.kubectl(BGP)).toBe('')
    expect(await recorded()).toBe('')
  })

  test('is told of routes by every node before reflectors go, and the other way round', async () => {
    await host.carryOut(apiPlay(calico(', calico: {encapsulation: none, routeReflectors: [node1]}')))
    const { plan, result } = await host.carryOut(apiPlay(calico(', calico: {encapsulation: none}')))
    expect(result).toMatchObject({ verdict: 'ok', failures: [] })
    const changes = plan?.resources.flatMap(({ changes }) => changes) ?? []
    expect(changes.find(({ what }) => what === 'routes to pods')).toMatchObject({
      from: 'through route reflectors, AS 64512',
      to: 'from every node to every other, AS 64512',
      disrupts: expect.any(String),
    })
    expect(changes.at(-1)).toMatchObject({ what: 'BGPPeer route-reflectors', to: 'deleted' })
    expect((await host.kubectl(BGP)).trim()).toBe('bgpconfiguration.crd.projectcalico.org/default')
    expect(await recorded()).toBe('crd.projectcalico.org/v1 BGPConfiguration default')
  })

  test('takes Typha away when there are too few nodes for it', async () => {
    const typha = '-n kube-system get deploy,svc,pdb -l k8s-app=calico-typha -o name'
    await host.carryOut(apiPlay(calico(', calico: {typhaAbove: 2}')))
    expect((await host.kubectl(typha)).trim().split('\n').toSorted()).toEqual([
      'deployment.apps/calico-typha',
      'poddisruptionbudget.policy/calico-typha',
      'service/calico-typha',
    ])
    expect((await host.carryOut(apiPlay(calico('')))).result).toMatchObject({ verdict: 'ok', failures: [] })
    expect(await host.kubectl(typha)).toBe('')
  })

  test('says what the API server says of blocks of another size', async () => {
    const { result } = await host.carryOut(apiPlay(calico(', calico: {blockSize: 24}')))
    expect(result.verdict).toBe('failed')
    expect(result.failures[0]?.trouble.what).toContain('Block size cannot be changed')
  })

  test('names who else set a field, and takes nothing of theirs', async () => {
    const theirs: KubeObject = {
      apiVersion: 'crd.projectcalico.org/v1',
      kind: 'IPPool',
      metadata: { name: 'default-ipv4-ippool' },
      spec: { cidr: '10.244.0.0/16', blockSize: 26, natOutgoing: false },
    }
    await host.kubectl('apply --server-side --force-conflicts --field-manager=other -f -', theirs)
    const { result } = await host.carryOut(apiPlay(calico('')))
    expect(result).toMatchObject({ verdict: 'failed', changed: 0 })
    const { what = '', fix = '' } = result.failures[0]?.trouble ?? {}
    expect(what).toBe('IPPool default-ipv4-ippool: "other" set .spec.natOutgoing, and not as wanted here')
    const [, ...commands] = fix.split('\n')
    for (const command of commands) await host.kubectl(command.replace(/^kubectl /, ''))
    expect((await host.carryOut(apiPlay(calico('')))).result).toMatchObject({ verdict: 'ok', failures: [] })
  })

  test('goes from an older release to ours, and only what that has otherwise is planned', async () => {
    expect((await host.carryOut(apiPlay(calico('', 'v3.31.7')))).result).toMatchObject({ verdict: 'ok', failures: [] })
    const { plan, result } = await host.carryOut(apiPlay(calico('')))
    const changes = plan?.resources.find(({ key }) => key === 'manifests:calico')?.changes.map(({ what }) => what) ?? []
    expect(changes).toContain('DaemonSet kube-system/calico-node')
    expect(changes).not.toContain('ServiceAccount kube-system/calico-node')
    expect(result).toMatchObject({ verdict: 'ok', failures: [] })
    const images = "-n kube-system get ds calico-node -o jsonpath='{.spec.template.spec.containers[*].image}'"
    expect(await host.kubectl(images)).toBe('quay.io/calico/node:v3.32.1')
    expect((await host.carryOut(apiPlay(calico('')))).result).toMatchObject({ verdict: 'ok', changed: 0 })
  })
})
