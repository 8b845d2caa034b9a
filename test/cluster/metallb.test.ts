import { describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { RELEASES } from '../../src/catalog/releases.ts'
import { METALLB_KINDS, metallbConfig, metallbLines, metallbObjects } from '../../src/cluster/metallb.ts'
import { poolEvidence, webhookScript } from '../../src/cluster/metallb-state.ts'
import { refusePooled } from '../../src/cluster/pooled-address.ts'
import { flowsBetween, portUsers } from '../../src/cluster/ports.ts'
import type { KubeObject } from '../../src/facts/kube-object.ts'
import { linesOf } from '../../src/facts/object-record.ts'
import type { LoadBalancer } from '../../src/inventory/inventory.ts'
import { nodeOf } from '../support/node.ts'

/** As upstream's manifest is built, cut down to what we change. */
const MANIFEST = [
  {
    kind: 'Deployment',
    metadata: { name: 'controller' },
    spec: { template: { spec: { containers: [{ name: 'controller', livenessProbe: { timeoutSeconds: 1 } }] } } },
  },
  {
    kind: 'DaemonSet',
    metadata: { name: 'speaker' },
    spec: {
      template: {
        spec: {
          containers: [
            { name: 'speaker', livenessProbe: { timeoutSeconds: 1 }, readinessProbe: { timeoutSeconds: 1 } },
          ],
          tolerations: [{ effect: 'NoSchedule', key: 'node-role.kubernetes.io/control-plane', operator: 'Exists' }],
        },
      },
    },
  },
  {
    kind: 'ValidatingWebhookConfiguration',
    metadata: { creationTimestamp: null, name: 'metallb-webhook-configuration' },
    webhooks: [],
  },
  { kind: 'Service', metadata: { name: 'metallb-webhook-service' } },
]
  .map((object) => stringify(object))
  .join('---\n')

const L2 = 'metallb: {pools: {office: {addresses: [192.0.2.10-192.0.2.19, 192.0.2.64/28]}}}'
const inventory = (loadBalancer = L2, hosts = 'a: {roles: [control-plane, worker]}') =>
  nodeOf(`name: x
kubernetes: {version: "1.36.3"}
loadBalancer: {${loadBalancer}}
hosts: {${hosts}}`).inventory
const balancer = (text?: string) => inventory(text).loadBalancer as LoadBalancer
const objects = (hosts: string) => metallbObjects(MANIFEST, inventory(L2, hosts).hosts)
const tolerations = (all: readonly KubeObject[], kind: string) => {
  const found = all.find((object) => object.kind === kind) as unknown as {
    spec: { template: { spec: { tolerations?: unknown[] } } }
  }
  return found.spec.template.spec.tolerations
}

describe("MetalLB's manifest", () => {
  it('is left as it is where upstream’s tolerations do', () => {
    const plain = objects('a: {roles: [control-plane]}, b: {roles: [worker]}')
    expect(tolerations(plain, 'Deployment')).toBeUndefined()
    expect(tolerations(plain, 'DaemonSet')).toHaveLength(1)
    expect(plain.find(({ kind }) => kind === 'Service')).toEqual({
      kind: 'Service',
      metadata: { name: 'metallb-webhook-service' },
    })
  })
  it('has speakers on nodes with taints of the inventory, once each', () => {
    const taints = 'taints: ["site=edge:NoSchedule", "site=branch:NoSchedule", "soft=x:PreferNoSchedule"]'
    const tainted = objects(`a: {roles: [control-plane]}, b: {roles: [worker]}, c: {roles: [worker], ${taints}}`)
    expect(tolerations(tainted, 'DaemonSet')?.slice(1)).toEqual([
      { key: 'site', effect: 'NoSchedule', operator: 'Exists' },
    ])
    expect(tolerations(tainted, 'Deployment')).toBeUndefined()
  })
  it('lets the controller run where no node is free of taints', () => {
    expect(tolerations(objects('a: {roles: [control-plane]}'), 'Deployment')).toEqual([
      { key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule', operator: 'Exists' },
    ])
  })
  it('gives health checks time on a busy node', () => {
    const busy = objects('a: {roles: [control-plane]}, b: {roles: [worker]}')
    expect(JSON.stringify(busy).match(/"timeoutSeconds":\d+/g)).toEqual(Array(3).fill('"timeoutSeconds":10'))
  })
  it('wants no creation time of nothing', () => {
    const webhooks = objects('a: {roles: [control-plane]}').find(({ kind }) => kind.startsWith('Validating'))
    expect(webhooks?.metadata).toEqual({ name: 'metallb-webhook-configuration' })
  })
  it('refuses a manifest it does not know', () => {
    expect(() => metallbObjects('kind: Pod\nmetadata: {name: x}\n', [])).toThrow(/MetalLB.* has no DaemonSet speaker/)
  })
})

const BGP = `metallb: {
  pools: {far: {addresses: [198.51.100.0/28], mode: bgp, peers: [r1], localPref: 7, communities: ["64500:1"], aggregationLength: 28, nodeSelectors: [{rack: a}]}},
  peers: {r1: {peerAddress: 192.0.2.1, peerASN: 64500, myASN: 64501, holdTime: 30s, password: {env: P}}}}`

describe("MetalLB's settings", () => {
  it('are a pool and its announcement, after a record that names them', () => {
    const made = metallbConfig(balancer(), {})
    expect(made.map(({ kind, metadata }) => `${kind}/${metadata.name}`)).toEqual([
      'ConfigMap/provision-metallb',
      'IPAddressPool/office',
      'L2Advertisement/office',
    ])
    expect(made[0]?.data).toEqual({
      objects:
        'metallb.io/v1beta1 IPAddressPool metallb-system/office\nmetallb.io/v1beta1 L2Advertisement metallb-system/office',
    })
    expect(made[1]?.spec).toEqual({
      addresses: ['192.0.2.10-192.0.2.19', '192.0.2.64/28'],
      autoAssign: true,
      avoidBuggyIPs: false,
    })
    expect(made[2]?.spec).toEqual({ ipAddressPools: ['office'] })
  })
  it('name cards and nodes that answer', () => {
    const made = metallbConfig(
      balancer(
        'metallb: {pools: {p: {addresses: [192.0.2.1/32], interfaces: [eth1], nodeSelectors: [{rack: a}, {rack: b}]}}}',
      ),
      {},
    )
    expect(made.at(-1)?.spec).toEqual({
      ipAddressPools: ['p'],
      interfaces: ['eth1'],
      nodeSelectors: [{ matchLabels: { rack: 'a' } }, { matchLabels: { rack: 'b' } }],
    })
  })
  it('tell BGP routers, with the password in a Secret before the peer that wants it', () => {
    const made = metallbConfig(balancer(BGP), { r1: 'hunter2' })
    expect(metallbLines(balancer(BGP))).toEqual(linesOf(made.slice(1)))
    expect(made.slice(1).map(({ kind, spec, data, type }) => ({ kind, spec, data, type }))).toEqual([
      { kind: 'Secret', data: { password: 'aHVudGVyMg==' }, type: 'kubernetes.io/basic-auth' },
      {
        kind: 'BGPPeer',
        spec: {
          peerAddress: '192.0.2.1',
          peerASN: 64_500,
          myASN: 64_501,
          holdTime: '30s',
          passwordSecret: { name: 'bgp-password-r1' },
        },
      },
      { kind: 'IPAddressPool', spec: { addresses: ['198.51.100.0/28'], autoAssign: true, avoidBuggyIPs: false } },
      {
        kind: 'BGPAdvertisement',
        spec: {
          ipAddressPools: ['far'],
          peers: ['r1'],
          localPref: 7,
          communities: ['64500:1'],
          aggregationLength: 28,
          nodeSelectors: [{ matchLabels: { rack: 'a' } }],
        },
      },
    ])
    for (const { kind, apiVersion } of made.slice(1)) expect(METALLB_KINDS[kind]).toBe(apiVersion)
  })
  it('keep the password closed until it is needed', () => {
    expect(JSON.stringify(balancer(BGP))).toContain('‹secret env P›')
  })
})

describe('what goes with MetalLB', () => {
  it('is strictARP, where ARP is answered and kube-proxy runs in ipvs mode', () => {
    const strict = (text: string) => inventory(text).kubernetes.kubeProxy.strictARP
    expect(strict(L2)).toBe(true)
    expect(strict(BGP)).toBe(false)
  })
  it('is the port its speakers find each other by', () => {
    const both = [
      { name: 'a', roles: ['control-plane'] },
      { name: 'b', roles: ['worker'] },
    ] as const
    const ports = flowsBetween(both, portUsers(inventory())).filter(({ port }) => port === 7946)
    expect(ports.map(({ from, to, protocol }) => `${from}>${to} ${protocol}`)).toEqual([
      'a>b tcp',
      'a>b udp',
      'b>a tcp',
      'b>a udp',
    ])
  })
  it('is a version that runs on this Kubernetes', () => {
    const [, metallb = 0] = /^v0\.(\d+)/.exec(RELEASES.metallb.version) ?? []
    const [, kubernetes = 0] = /^v1\.(\d+)/.exec(RELEASES.kubernetes.version) ?? []
    expect(Number(kubernetes) < 36 || Number(metallb) >= 16).toBe(true)
    for (const image of Object.values(RELEASES.metallb.images))
      expect(image.endsWith(`:${RELEASES.metallb.version}`)).toBe(true)
  })
  it('is no address that a machine turned out to have', () => {
    expect(() =>
      refusePooled(inventory(), [
        ['a', undefined],
        ['b', '192.0.2.80'],
      ]),
    ).not.toThrow()
    expect(() => refusePooled(inventory(), [['b', '192.0.2.79']])).toThrow(
      /192\.0\.2\.64\/28 of pool "office" contains 192\.0\.2\.79.*host "b"/,
    )
  })
})

describe("what is seen of MetalLB's pools", () => {
  const seen = (status: object) => ({
    name: 'office',
    pool: balancer().metallb.pools.office as NonNullable<ReturnType<typeof balancer>['metallb']['pools'][string]>,
    seen: {
      state: 'present' as const,
      object: { apiVersion: 'v1', kind: 'IPAddressPool', metadata: { name: 'office' }, status },
    },
  })
  it('is how many addresses are given out', () => {
    expect(poolEvidence([seen({ assignedIPv4: 2, availableIPv4: 24, assignedIPv6: 0, availableIPv6: 0 })])).toEqual({
      holds: true,
      evidence: 'office 192.0.2.10-192.0.2.19, 192.0.2.64/28 (l2): 2 of 26 given out',
    })
  })
  it('is nothing before the controller has counted', () => {
    expect(poolEvidence([seen({})])).toMatchObject({ holds: false })
  })
  it('asks the webhook with addresses of the inventory, and stores nothing', () => {
    expect(webhookScript(balancer())).toMatch(/"addresses":\["192\.0\.2\.10-192\.0\.2\.19".*k create --dry-run=server/)
  })
})
