import { afterAll, beforeAll, expect, test } from 'vitest'
import { ApiHost } from '../../support/api-host.ts'
import { apiNode } from '../../support/api-node.ts'
import { apiPlay } from '../../support/api-play.ts'
import { MANIFESTS, OLDER_MANIFESTS } from '../../support/manifest-recipes.ts'
import { ONE_NODE } from '../../support/node.ts'

const INVENTORY = `${ONE_NODE}loadBalancer: {metallb: {pools: {office: {addresses: [10.0.0.200-10.0.0.210]}}}}\n`

/** What upstream's manifests make, without what their pods would be needed for. */
const UPSTREAM = /^manifests:(flannel|metallb)$/

let host: ApiHost
beforeAll(async () => {
  host = await ApiHost.serving(await apiNode(INVENTORY))
  const older = apiPlay(await apiNode(INVENTORY, OLDER_MANIFESTS), UPSTREAM)
  expect((await host.carryOut(older)).result).toMatchObject({ verdict: 'ok', changed: 2, failures: [] })
}, 120_000)
afterAll(() => host?.[Symbol.asyncDispose]())

test('there is an older release of every manifest to begin with', () => {
  expect(OLDER_MANIFESTS.map(({ artifact }) => artifact)).toEqual(MANIFESTS.map(({ artifact }) => artifact))
})

test('a cluster with older releases gets ours, and only what they have otherwise is planned', async () => {
  const images = "get ds,deploy -A -o jsonpath='{.items[*].spec.template.spec.containers[*].image}'"
  expect(await host.kubectl(images)).toMatch(/flannel:v0\.28\.4 .*speaker:v0\.15\.2/)
  const play = apiPlay(await apiNode(INVENTORY), UPSTREAM)
  const { plan, result } = await host.carryOut(play)
  const planned = Object.fromEntries(plan?.resources.map(({ key, changes }) => [key, changes]) ?? [])
  expect(planned['manifests:flannel']).toMatchObject([
    { what: 'DaemonSet kube-flannel/kube-flannel-ds', to: 'as wanted' },
  ])
  expect(planned['manifests:metallb']).toContainEqual({
    what: 'CustomResourceDefinition configurationstates.metallb.io',
    from: 'absent',
    to: 'created',
  })
  expect(result).toMatchObject({ verdict: 'ok', changed: 2, failures: [] })
  expect(await host.kubectl(images)).toMatch(/flannel:v0\.28\.9 .*speaker:v0\.16\.1/)
  const ports =
    "-n metallb-system get deploy controller -o jsonpath='{.spec.template.spec.containers[0].ports[*].name}'"
  expect(await host.kubectl(ports)).toBe('metricshttps webhook-server')

  const again = await host.carryOut(play)
  expect(again.result).toMatchObject({ verdict: 'ok', changed: 0, unchanged: 2, counters: { channels: 1 } })
})
