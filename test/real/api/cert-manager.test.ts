import { afterAll, beforeAll, expect, test } from 'vitest'
import { issuedProbe } from '../../../src/facts/issued.ts'
import { ADMIN_CONF } from '../../../src/facts/kubectl.ts'
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

/** What the fact reads of this cluster, whether or not its API server answers. */
async function issued(conf = ADMIN_CONF) {
  const script = issuedProbe.fact.script(['all']).replaceAll(`conf=${ADMIN_CONF}`, `conf=${conf}`)
  const lines = (await host.sh(script)).split('\n').filter((line) => line !== '')
  return issuedProbe.fact.parse(
    lines.map((line) => line.split('\t').slice(1)),
    'all',
  )
}

test('a cluster without cert-manager has issued nothing; of one that does not answer nobody says so', async () => {
  expect(await issued()).toEqual({ state: 'known', issued: [] })
  await host.sh(`sed 's/:6443/:6444/' ${ADMIN_CONF} >/etc/kubernetes/nobody.conf`)
  expect(await issued('/etc/kubernetes/nobody.conf')).toEqual({
    state: 'down',
    reason: expect.stringContaining('refused'),
  })
})

// Issuers need its webhook, which is one of its pods: nobody runs those here.
test('cert-manager’s objects are accepted, and the same once more changes nothing', {
  timeout: 90_000,
  meta: { shows: ['cert-manager'] },
}, async () => {
  const play = apiPlay(await apiNode(INVENTORY), /^manifests:cert-manager$/)
  expect((await host.carryOut(play)).result).toMatchObject({ verdict: 'ok', changed: 1, failures: [] })
  expect(await host.kubectl('wait --for=condition=Established --timeout=30s crd --all')).toContain(
    'clusterissuers.cert-manager.io',
  )
  const calls = await host.kubectlCalls(async () =>
    expect((await host.carryOut(play)).result).toMatchObject({ verdict: 'ok', changed: 0, counters: { channels: 1 } }),
  )
  expect(calls).toBe(1)
  expect(await issued()).toEqual({ state: 'known', issued: [] })
})
