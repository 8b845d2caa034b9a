import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { HostRun } from '../../../src/core/host-run.ts'
import { ApiHost } from '../../support/api-host.ts'
import { apiNode } from '../../support/api-node.ts'
import { apiPlay } from '../../support/api-play.ts'
import { runMetallbController } from '../../support/metallb-controller.ts'

const ADDRESS = '10.0.0.11'

const inventory = (metallb: string) => `name: test
kubernetes: {version: "1.36.3"}
network: {cni: flannel}
hosts:
  node1: {address: ${ADDRESS}, roles: [control-plane, worker]}
loadBalancer:
  metallb:
${metallb}`

/** Everything an inventory can say of MetalLB. */
const ALL = inventory(`    pools:
      office:
        addresses: [10.0.0.200-10.0.0.210, 10.0.1.0/28]
        nodeSelectors: [{kubernetes.io/os: linux}, {rack: a}]
        interfaces: [eth1]
      spare: {addresses: [10.0.0.220/32], autoAssign: false, avoidBuggyIPs: true}
      far:
        addresses: [198.51.100.0/28]
        mode: bgp
        nodeSelectors: [{rack: b}]
        peers: [router]
        localPref: 200
        communities: ["64512:100"]
        aggregationLength: 28
      farther: {addresses: [203.0.113.0/30], mode: bgp}
    peers:
      router:
        peerAddress: 10.0.0.1
        peerASN: 64500
        myASN: 64501
        peerPort: 1179
        sourceAddress: ${ADDRESS}
        holdTime: 90s
        password: {env: BGP_PASSWORD}
        nodeSelectors: [{rack: b}]
      second: {peerAddress: 10.0.0.2, peerASN: 64500, myASN: 64501}
`)

const FEWER = inventory(`    pools:
      office: {addresses: [10.0.0.200-10.0.0.219]}
`)

let host: ApiHost
let first: HostRun
beforeAll(async () => {
  const node = await apiNode(ALL)
  host = await ApiHost.serving(node)
  const [run] = await Promise.all([host.carryOut(apiPlay(node)), runMetallbController(host, ADDRESS)])
  first = run
}, 180_000)
afterAll(() => host?.[Symbol.asyncDispose]())

const named = (list: string) => list.trim().split('\n').toSorted()
const OURS =
  '-n metallb-system get ipaddresspools.metallb.io,l2advertisements.metallb.io,bgpadvertisements.metallb.io,bgppeers.metallb.io,secrets -l app.kubernetes.io/managed-by=provision -o name'

// In order: each begins with what the one before left.
describe('MetalLB', () => {
  test('is accepted with everything an inventory can say, and its own webhook has checked it', async () => {
    expect(first.result).toMatchObject({ verdict: 'ok', failures: [] })
    expect(await host.kubectl('wait --for=condition=Established --timeout=30s crd --all')).toContain(
      'bgppeers.metallb.io',
    )
    expect(named(await host.kubectl(OURS))).toEqual([
      'bgpadvertisement.metallb.io/far',
      'bgpadvertisement.metallb.io/farther',
      'bgppeer.metallb.io/router',
      'bgppeer.metallb.io/second',
      'ipaddresspool.metallb.io/far',
      'ipaddresspool.metallb.io/farther',
      'ipaddresspool.metallb.io/office',
      'ipaddresspool.metallb.io/spare',
      'l2advertisement.metallb.io/office',
      'l2advertisement.metallb.io/spare',
      'secret/bgp-password-router',
    ])
  })

  test('changes nothing the second time, with one look, and one more at what is made of a password', async () => {
    const again = await host.carryOut(apiPlay(await apiNode(ALL)))
    expect(again.result).toMatchObject({ verdict: 'ok', changed: 0, counters: { channels: 2 } })
    const pools = again.plan?.resources.find(({ key }) => key === 'condition:metallb-pools')
    expect(pools?.note).toContain('0 of 27 given out')
  })

  test('says what its webhook says of a pool that overlaps with one of somebody else', async () => {
    await host.kubectl('apply -f -', {
      apiVersion: 'metallb.io/v1beta1',
      kind: 'IPAddressPool',
      metadata: { name: 'theirs', namespace: 'metallb-system' },
      spec: { addresses: ['192.0.2.0/28'] },
    })
    const overlapping = ALL.replace('10.0.1.0/28', '192.0.2.8/29')
    const { result } = await host.carryOut(apiPlay(await apiNode(overlapping)))
    expect(result.verdict).toBe('failed')
    const [failure] = result.failures
    expect(failure?.key).toBe('manifests:metallb-config')
    expect(failure?.trouble.what).toMatch(/denied the request.*192\.0\.2\.8\/29/s)
  })

  test('forgets what is no longer wanted, and leaves what others made', async () => {
    const play = apiPlay(await apiNode(FEWER))
    const { result, plan } = await host.carryOut(play)
    expect(plan?.resources.find(({ key }) => key === 'removed:metallb-config')?.changes).toHaveLength(9)
    expect(result).toMatchObject({ verdict: 'ok', changed: 2, failures: [] })
    expect(named(await host.kubectl(OURS))).toEqual([
      'ipaddresspool.metallb.io/office',
      'l2advertisement.metallb.io/office',
    ])
    const pools = await host.kubectl('-n metallb-system get ipaddresspools.metallb.io -o name')
    expect(named(pools)).toEqual(['ipaddresspool.metallb.io/office', 'ipaddresspool.metallb.io/theirs'])
    expect((await host.carryOut(play)).result).toMatchObject({ verdict: 'ok', changed: 0, counters: { channels: 1 } })
  })

  const [LOW, MIDDLE, HIGH] = ['10.0.0.200-10.0.0.205', '10.0.0.206-10.0.0.219', '10.0.0.220-10.0.0.230']
  const ROUTER = 'peers: {router: {peerAddress: 10.0.0.1, peerASN: 64500, myASN: 64501}}'

  // Its webhook checks one object against all that are stored; `random-load-balancers` of the long tests goes every way.
  test.each([
    ['to the second', `office: {addresses: [${LOW}]}, spare: {addresses: [${MIDDLE}, ${HIGH}]}`, ''],
    ['both ways', `office: {addresses: [${HIGH}]}, spare: {addresses: [${LOW}]}`, ''],
    ['to none, and routes go to single ones', 'far: {mode: bgp, addresses: [10.0.3.0/30]}', ROUTER],
    ['from none, and routes go to all', 'far: {mode: bgp, addresses: [10.0.3.0/26], aggregationLength: 26}', ROUTER],
    [
      'to one without routes',
      'far: {mode: bgp, addresses: [10.0.3.0/27], aggregationLength: 27}, near: {addresses: [10.0.3.32/27]}',
      ROUTER,
    ],
  ])('lets addresses go from pool to pool in one run: %s', async (_which, pools, peers) => {
    const play = apiPlay(await apiNode(inventory(`    pools: {${pools}}\n    ${peers}\n`)))
    expect((await host.carryOut(play)).result).toMatchObject({ verdict: 'ok', failures: [] })
    expect((await host.carryOut(play)).result).toMatchObject({ verdict: 'ok', changed: 0 })
  })
})
