import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Node } from '../../../src/cluster/node.ts'
import type { HostRun } from '../../../src/core/host-run.ts'
import { InventoryError } from '../../../src/inventory/problem.ts'
import { ApiHost } from '../../support/api-host.ts'
import { apiNode } from '../../support/api-node.ts'
import { apiPlay } from '../../support/api-play.ts'
import { randomPolicies } from '../../support/random-policies.ts'

const inventory = (policies: string) => `name: test
kubernetes: {version: "1.36.3"}
network: {cni: flannel, policyEngine: kube-router}
policies: ${policies}
hosts:
  node1: {address: 10.0.0.11, roles: [control-plane, worker]}
`

/** Everything an inventory can say of policies. */
const ALL = inventory(`
  shop:
    deny: [ingress, egress]
    dns: allow
    allow:
      frontend-to-backend: {from: [{pods: {app: frontend}}, {pods: {app: batch}}], to: [{pods: {app: backend}}], ports: [8080, http, 53/UDP]}
      world: {from: [{cidr: 0.0.0.0/0, except: [10.0.0.0/8]}], to: [{pods: {app: frontend}}], ports: [https]}
      metrics: {from: [{namespace: monitoring, pods: {app: prometheus}}], to: [{pods: {}}]}
      to-data: {from: [{pods: {app: backend}}], to: [{namespace: data, pods: {app: postgres}}], ports: [5432]}
  data:
    deny: [ingress]
    allow:
      from-shop: {from: [{namespace: shop, pods: {app: backend}}], to: [{pods: {app: postgres}}], ports: [5432]}
  default: {deny: [ingress]}
`)
const FEWER = inventory('{data: {deny: [ingress]}}')
const NONE = inventory('{}')

const play = async (text: string) => apiPlay(await apiNode(text))

let host: ApiHost
let first: HostRun
beforeAll(async () => {
  const node = await apiNode(ALL)
  host = await ApiHost.serving(node)
  first = await host.carryOut(apiPlay(node))
}, 180_000)
afterAll(() => host?.[Symbol.asyncDispose]())

const policies = async () =>
  (await host.kubectl('get networkpolicies -A --no-headers -o custom-columns=:.metadata.namespace,:.metadata.name'))
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/ +/).join('/'))
    .toSorted()

// In order: each begins with what the one before left.
describe('policies and their engine', () => {
  test('are accepted with everything an inventory can say', { meta: { shows: ['policies'] } }, async () => {
    expect(first.result).toMatchObject({ verdict: 'ok', failures: [] })
    expect(await policies()).toEqual([
      'data/default.deny',
      'data/from-shop.in',
      'default/default.deny',
      'shop/default.deny',
      'shop/default.dns',
      'shop/frontend-to-backend.in',
      'shop/frontend-to-backend.out',
      'shop/frontend-to-backend.out-2',
      'shop/metrics.in',
      'shop/to-data.out',
      'shop/world.in',
    ])
    expect(await host.kubectl('-n kube-system get daemonset kube-router -o name')).toContain(
      'daemonset.apps/kube-router',
    )
  })

  test('change nothing the second time, by one look, however many they are', {
    meta: { shows: ['policies'] },
  }, async () => {
    const again = await host.carryOut(await play(ALL))
    expect(again.result).toMatchObject({ verdict: 'ok', changed: 0, counters: { channels: 1 } })
    const [many, few] = [await play(ALL), await play(ALL.replace(/^ {2}default: .*\n/m, ''))]
    const calls = await host.kubectlCalls(() => host.carryOut(many))
    await host.carryOut(few)
    expect(await host.kubectlCalls(() => host.carryOut(few))).toBe(calls)
    await host.carryOut(many)
  })

  test('leave a namespace as somebody else of us has it', async () => {
    const labels = { 'pod-security.kubernetes.io/enforce': 'baseline' }
    await host.kubectl('apply --server-side --field-manager=provision -f -', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'shop', labels },
    })
    expect((await host.carryOut(await play(ALL))).result).toMatchObject({ verdict: 'ok', changed: 0 })
    expect(await host.kubectl("get namespace shop -o jsonpath='{.metadata.labels}'")).toContain('baseline')
  })

  test('name the one who took a field, and what gives it back', async () => {
    await host.kubectl('-n shop apply --server-side --force-conflicts --field-manager=somebody -f -', {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'default.deny', namespace: 'shop' },
      spec: { podSelector: {}, policyTypes: ['Ingress'] },
    })
    const { result, plan } = await host.carryOut(await play(ALL))
    expect(result.verdict).not.toBe('ok')
    expect(plan?.resources.find(({ key }) => key === 'manifests:policies')?.note).toMatch(/somebody/)
    await host.kubectl('-n shop delete networkpolicy default.deny')
    expect((await host.carryOut(await play(ALL))).result).toMatchObject({ verdict: 'ok', changed: 1 })
  })

  test('go where the inventory no longer has them; those of others and the namespaces stay', async () => {
    await host.kubectl('apply -f -', {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'theirs', namespace: 'shop' },
      spec: { podSelector: {}, policyTypes: ['Ingress'] },
    })
    const { result, plan } = await host.carryOut(await play(FEWER))
    expect(plan?.resources.find(({ key }) => key === 'removed:policies')?.changes).toHaveLength(10)
    expect(result).toMatchObject({ verdict: 'ok', failures: [] })
    expect(await policies()).toEqual(['data/default.deny', 'shop/theirs'])
    expect((await host.carryOut(await play(NONE))).result).toMatchObject({ verdict: 'ok' })
    expect(await policies()).toEqual(['shop/theirs'])
    expect((await host.carryOut(await play(NONE))).result).toMatchObject({ verdict: 'ok', changed: 0 })
    expect(await host.kubectl('get namespace shop data -o name')).toBe('namespace/shop\nnamespace/data\n')
  })

  test('are made again where their namespace was deleted', async () => {
    await host.carryOut(await play(FEWER))
    await host.kubectl('delete namespace data --timeout=60s')
    expect((await host.carryOut(await play(FEWER))).result).toMatchObject({ verdict: 'ok', changed: 2 })
    expect(await policies()).toEqual(['data/default.deny', 'shop/theirs'])
  })

  test('whatever inventory is accepted, a cluster takes it after any other', async () => {
    const runs = 40
    let taken = 0
    const property = fc.asyncProperty(randomPolicies, async (thrown) => {
      const node = await accepted(JSON.stringify(thrown))
      if (!node) return
      taken++
      expect((await host.carryOut(apiPlay(node))).result).toMatchObject({ verdict: 'ok', failures: [] })
      expect((await host.carryOut(apiPlay(node))).result).toMatchObject({ verdict: 'ok', changed: 0 })
    })
    // What it was before is part of a failure, and cannot be made smaller.
    await fc.assert(property, { numRuns: runs, endOnFailure: true })
    expect(taken).toBeGreaterThan(runs / 5)
  }, 120_000)
})

/** Nothing where the inventory is refused: it never comes as far as a cluster. */
function accepted(policies: string): Promise<Node | undefined> {
  return apiNode(inventory(policies)).catch((error: unknown) => {
    if (error instanceof InventoryError) return undefined
    throw error
  })
}
