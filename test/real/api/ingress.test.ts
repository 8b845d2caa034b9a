import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ApiHost } from '../../support/api-host.ts'
import { apiNode } from '../../support/api-node.ts'
import { apiPlay } from '../../support/api-play.ts'

const inventory = (ingress: string) => `name: test
kubernetes: {version: "1.36.3"}
network: {cni: flannel}
ingress: {${ingress}}
hosts:
  node1: {address: 10.0.0.11, roles: [control-plane, worker]}
`
/** Everything an inventory can say of it. */
const ALL = `class: web, defaultClass: false, replicas: 3, externalTrafficPolicy: Local, traefik: {
  logLevel: DEBUG, accessLog: true, forwardedHeaders: {trustedIPs: [192.0.2.0/28, 192.0.2.77]},
  transport: {readTimeout: 30s, writeTimeout: 30s, idleTimeout: 90s}, tls: {minVersion: "1.3"}}`

const play = async (ingress: string) => apiPlay(await apiNode(inventory(ingress)))

let host: ApiHost
beforeAll(async () => {
  host = await ApiHost.serving(await apiNode(inventory('')))
}, 120_000)
afterAll(() => host?.[Symbol.asyncDispose]())

// In order: each begins with what the one before left.
describe('Traefik', { timeout: 60_000 }, () => {
  test.each([
    ['as it is', '', 'traefik', 'deployment.apps/traefik'],
    ['with everything that can be said', ALL, 'web', 'deployment.apps/traefik'],
    ['at the ports of nodes', 'exposure: hostPorts', 'traefik', 'daemonset.apps/traefik'],
    ['as a Service again', 'externalTrafficPolicy: Cluster', 'traefik', 'deployment.apps/traefik'],
  ])(
    '%s is accepted, the same once more changes nothing, and what was before is gone',
    async (_how, ingress, name, workload) => {
      const wanted = await play(ingress)
      expect((await host.carryOut(wanted)).result).toMatchObject({ verdict: 'ok', failures: [] })
      const calls = await host.kubectlCalls(async () =>
        expect((await host.carryOut(wanted)).result).toMatchObject({
          verdict: 'ok',
          changed: 0,
          counters: { channels: 1 },
        }),
      )
      expect(calls).toBe(1)
      expect((await host.kubectl('get ingressclasses -o name')).trim()).toBe(`ingressclass.networking.k8s.io/${name}`)
      expect((await host.kubectl('-n traefik get deployments,daemonsets -o name')).trim()).toBe(workload)
      const services = await host.kubectl('-n traefik get services -o name')
      expect(services.includes('service/traefik')).toBe(workload.startsWith('deployment'))
    },
  )

  test('takes its class over from another controller, and says so', async () => {
    await host.kubectl('delete ingressclass traefik')
    await host.kubectl('create -f -', {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'IngressClass',
      metadata: { name: 'traefik' },
      spec: { controller: 'k8s.io/ingress-nginx' },
    })
    const { plan, result } = await host.carryOut(await play(''))
    expect(plan?.resources.find(({ key }) => key === 'room:ingress')?.changes).toMatchObject([
      { what: 'IngressClass traefik', from: 'of k8s.io/ingress-nginx' },
    ])
    expect(result).toMatchObject({ verdict: 'ok', failures: [] })
    expect(await host.kubectl(`get ingressclass traefik -o jsonpath='{.spec.controller}'`)).toBe(
      'traefik.io/ingress-controller',
    )
  })
})
