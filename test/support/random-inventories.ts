import fc from 'fast-check'
import { ADDRESSES, ENTRIES, inventoryText, NETWORKS, PROXIES } from './network-choices.ts'
import { randomLoadBalancer } from './random-load-balancer.ts'
import { randomPolicies } from './random-policies.ts'

const choice = fc.record({
  network: fc.constantFrom(...NETWORKS),
  proxy: fc.constantFrom(...PROXIES),
  addresses: fc.constantFrom(...ADDRESSES),
  entry: fc.constantFrom(...(Object.keys(ENTRIES) as (keyof typeof ENTRIES)[])),
})

const PROOFS = [{ http01: {} }, { http01: { ingressClass: 'web' } }, {}, { http01: {}, dns01: {} }]
const issuer = fc.record({
  email: fc.constant('ops@example.org'),
  acme: fc.constantFrom('letsencrypt', 'letsencrypt-staging'),
  proof: fc.constantFrom(...PROOFS),
})
const certManager = fc
  .dictionary(fc.constantFrom('staging', 'production'), issuer, { minKeys: 1, maxKeys: 2 })
  .map((issuers) => ({
    issuers: Object.fromEntries(
      Object.entries(issuers).map(([name, { proof, ...rest }]) => [name, { ...rest, ...proof }]),
    ),
  }))

/** With one control plane, or with two, which are refused: three would have to be given an address first. */
const hosts = fc
  .record({ second: fc.boolean(), workers: fc.nat(3) })
  .map(({ second, workers }) =>
    [['control-plane', 'worker'], ...Array(workers).fill(['worker']), ...(second ? [['control-plane']] : [])].map(
      (roles, index) => [`node${index + 1}`, { address: `10.0.0.${11 + index}`, roles }] as const,
    ),
  )
  .map((all) => Object.fromEntries(all))
const kernel = fc.constantFrom(
  {},
  { sysctl: { 'net.ipv4.conf.all.rp_filter': 1 } },
  { sysctl: { 'net.ipv4.conf.all.rp_filter': 0 } },
)
const kubernetes = fc.record(
  {
    podSubnet: fc.constantFrom('10.244.0.0/16', '10.244.0.0/26', 'fd00:10:244::/56', '10.0.0.0/16'),
    controlPlaneEndpoint: fc.constantFrom('api.example.org:6443', '10.0.0.10:8443', '10.0.3.1:6443'),
    version: fc.constantFrom('1.36.3', '1.35.4'),
  },
  { requiredKeys: [] },
)

const or = <T>(arbitrary: fc.Arbitrary<T>, weight: number) =>
  fc.oneof({ weight, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary })

/** A whole inventory, as data: everything that can be said of a cluster, with and against each other. */
export const randomInventory = fc
  .record({
    choice,
    hosts,
    kernel: or(kernel, 3),
    kubernetes: or(kubernetes, 3),
    loadBalancer: or(randomLoadBalancer, 3),
    policies: or(randomPolicies, 2),
    certManager: or(certManager, 2),
    source: fc.constantFrom('release', 'release', 'release', 'lab'),
  })
  .map(({ choice: chosen, hosts: all, kernel: tuned, kubernetes: more, source, ...rest }) => {
    const base = JSON.parse(inventoryText(chosen)) as { readonly kubernetes: object }
    const said = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined))
    return {
      ...base,
      ...said,
      kubernetes: { ...base.kubernetes, ...more },
      artifacts: { source },
      ...(tuned ? { kernel: tuned } : {}),
      hosts: all,
    }
  })
