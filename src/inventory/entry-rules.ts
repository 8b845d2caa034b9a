import { overlap, parseAddress, parseRange } from './address-range.ts'
import type { CertManager, Inventory, Issuer } from './inventory.ts'
import { mapAt, type Raw } from './resolve.ts'

type Path = readonly (string | number)[]

/** What is wrong with an inventory, and where. */
export interface EntryFinding {
  readonly path: Path
  readonly what: string
  readonly fix: string
}

/** Why something of what lets requests in does not go together, or should be known. */
export interface EntryReason {
  readonly id: string
  readonly why: string
  readonly source: string
  /** When the source was read. */
  readonly date: string
}

/** What does not go together: the inventory is refused. */
export interface EntryRule extends EntryReason {
  find(inventory: Inventory, raw: Raw): readonly EntryFinding[]
}

export const READ_ON = '2026-11-22'

export const ENTRY_RULES: readonly EntryRule[] = [
  {
    id: 'ingress-address-in-pool',
    why: 'Who gives out addresses gives none that is in none of its pools.',
    source: 'metallb.io, "Usage", requesting specific IPs',
    date: READ_ON,
    find: ({ ingress, ...inventory }) => {
      const address = ingress?.address
      if (address === undefined || ingress?.exposure === 'hostPorts') return []
      const wanted = parseAddress(address)
      const ranges = poolsOf(inventory).flatMap(({ addresses }) => addresses)
      const inside = ranges.some((text) => {
        const range = parseRange(text)
        return wanted !== undefined && range !== undefined && overlap(wanted, range)
      })
      if (inside) return []
      const fix = ranges.length === 0 ? 'name pools in loadBalancer.metallb' : `take one of ${ranges.join(', ')}`
      return [{ path: ['ingress', 'address'], what: `${address} is in no pool of this inventory`, fix }]
    },
  },
  {
    id: 'ingress-host-ports-alone',
    why: 'Where it has the ports of nodes there is no Service whose address or policy could be set.',
    source: 'kubernetes.io, "Service"',
    date: READ_ON,
    find: ({ ingress }, raw) =>
      ingress?.exposure === 'hostPorts'
        ? idle(raw, SERVICE_ONLY, 'with exposure hostPorts', 'write exposure: loadBalancer')
        : [],
  },
  {
    id: 'http01-needs-ingress',
    why: 'Somebody must carry the challenge on port 80 to the pod that answers it.',
    source: 'cert-manager.io, "HTTP01"',
    date: READ_ON,
    find: ({ certManager, ingress }) =>
      ingress
        ? []
        : issuersOf(certManager).flatMap(([name, { http01 }]) =>
            http01 === undefined || http01.ingressClass !== undefined
              ? []
              : [
                  {
                    path: ['certManager', 'issuers', name, 'http01'],
                    what: `http01 of issuer "${name}" needs somebody who carries requests, and this inventory has no ingress`,
                    fix: 'write ingress: {} , name the class of one you have (http01: {ingressClass: …}), or use dns01',
                  },
                ],
          ),
  },
  {
    id: 'lab-cert-manager',
    why: 'Its module holds neither its commands nor its manifest, so neither can be made here.',
    source: 'github.com/cert-manager/cert-manager v1.21.1, as the Go module proxy has it',
    date: READ_ON,
    find: ({ certManager, artifacts }) =>
      certManager && artifacts.source === 'lab'
        ? [
            {
              path: ['certManager'],
              what: 'artifacts.source is lab, which has no cert-manager: its commands are not published as modules',
              fix: 'delete certManager, or take another source: release, a mirror or a bundle',
            },
          ]
        : [],
  },
  {
    id: 'issuer-one-proof',
    why: 'A name is proven in one way.',
    source: 'cert-manager.io, "ACME", solvers',
    date: READ_ON,
    find: ({ certManager }) => issuersOf(certManager).flatMap(([name, issuer]) => proofProblems(name, issuer)),
  },
  {
    id: 'staging-first',
    why: 'letsencrypt allows few failures an hour and few certificates a week: a mistake locks a name out for days.',
    source: 'letsencrypt.org, "Rate Limits" and "Staging Environment"',
    date: READ_ON,
    find: ({ certManager }) => {
      const issuers = issuersOf(certManager)
      const staged = issuers.some(([, { acme }]) => acme === 'letsencrypt-staging')
      return issuers.flatMap(([name, { acme, withoutStaging }]): EntryFinding[] => {
        const path = ['certManager', 'issuers', name]
        if (acme !== 'letsencrypt' && withoutStaging !== undefined) {
          const what = `withoutStaging of issuer "${name}" does nothing: it is not letsencrypt`
          return [{ path: [...path, 'withoutStaging'], what, fix: 'delete it' }]
        }
        if (acme !== 'letsencrypt' || withoutStaging !== undefined || staged) return []
        const what = `issuer "${name}" is letsencrypt, and no issuer here is letsencrypt-staging to try everything with first`
        const fix = 'add one with acme: letsencrypt-staging, or write withoutStaging: and why'
        return [{ path: [...path, 'acme'], what, fix }]
      })
    },
  },
]

const SERVICE_ONLY = ['replicas', 'address', 'externalTrafficPolicy'] as const

function idle(raw: Raw, keys: readonly string[], where: string, other: string): readonly EntryFinding[] {
  const there = Object.keys(mapAt(raw.data, 'ingress'))
  return keys
    .filter((key) => there.includes(key))
    .map((key) => ({
      path: ['ingress', key],
      what: `ingress.${key} does nothing ${where}`,
      fix: `delete it, or ${other}`,
    }))
}

/** Of whoever gives out addresses here: MetalLB or Cilium. */
export function poolsOf({
  loadBalancer,
  network,
}: Pick<Inventory, 'loadBalancer' | 'network'>): readonly { readonly addresses: readonly string[] }[] {
  return [...Object.values(loadBalancer?.metallb.pools ?? {}), ...Object.values(network.cilium.l2Announcements ?? {})]
}

export function issuersOf(certManager: CertManager | undefined): readonly (readonly [string, Issuer])[] {
  return Object.entries(certManager?.issuers ?? {})
}

function proofProblems(name: string, { http01, dns01 }: Issuer): readonly EntryFinding[] {
  const path = ['certManager', 'issuers', name]
  if (http01 && dns01) {
    const what = `issuer "${name}" has both http01 and dns01`
    return [{ path: [...path, 'dns01'], what, fix: 'delete one; for names of both kinds make two issuers' }]
  }
  if (!http01 && !dns01) {
    const what = `issuer "${name}" has no way to prove a name`
    return [{ path, what, fix: 'write http01: {} , or dns01 with a provider' }]
  }
  const providers = Object.keys(dns01 ?? {})
  if (!dns01 || providers.length === 1) return []
  const what = `dns01 of issuer "${name}" names ${providers.length === 0 ? 'no provider' : providers.join(' and ')}`
  return [{ path: [...path, 'dns01'], what, fix: 'name one of cloudflare, route53 and rfc2136' }]
}
