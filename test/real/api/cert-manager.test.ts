import { afterAll, beforeAll, expect, test } from 'vitest'
import { ApiHost } from '../../support/api-host.ts'
import { apiNode } from '../../support/api-node.ts'
import { apiPlay } from '../../support/api-play.ts'

const INVENTORY = `name: test
kubernetes: {version: "1.36.3"}
network: {cni: flannel}
certManager: {}
hosts:
  node1: {address: 10.0.0.11, roles: [control-plane, worker]}
`

let host: ApiHost
beforeAll(async () => {
  host = await ApiHost.serving(await apiNode(INVENTORY))
}, 120_000)
afterAll(() => host?.[Symbol.asyncDispose]())

// Issuers need its webhook, which is one of its pods: nobody runs those here.
test('cert-manager’s objects are accepted, and the same once more changes nothing', { timeout: 90_000 }, async () => {
  const play = apiPlay(await apiNode(INVENTORY), /^manifests:cert-manager$/)
  expect((await host.carryOut(play)).result).toMatchObject({ verdict: 'ok', changed: 1, failures: [] })
  expect(await host.kubectl('wait --for=condition=Established --timeout=30s crd --all')).toContain(
    'clusterissuers.cert-manager.io',
  )
  const calls = await host.kubectlCalls(async () =>
    expect((await host.carryOut(play)).result).toMatchObject({ verdict: 'ok', changed: 0, counters: { channels: 1 } }),
  )
  expect(calls).toBe(1)
})
