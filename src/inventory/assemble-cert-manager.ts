import type { z } from 'zod'
import type { CertManager, Dns01 } from './inventory.ts'
import type { certManager } from './schema-cert-manager.ts'
import type { Secret, SecretReference } from './secret.ts'

type Whole = z.output<typeof certManager>

/** Closes the secrets of what proves names. `close` is told the path of each reference. */
export function assembleCertManager(
  { issuers }: Whole,
  close: (reference: SecretReference, path: readonly string[]) => Secret,
): CertManager {
  const closed = Object.entries(issuers).map(([name, { dns01, ...issuer }]) => {
    if (dns01 === undefined) return [name, issuer] as const
    const at = (...keys: readonly string[]) => ['certManager', 'issuers', name, 'dns01', ...keys]
    return [
      name,
      { ...issuer, dns01: closedDns01(dns01, (reference, ...keys) => close(reference, at(...keys))) },
    ] as const
  })
  return { issuers: Object.fromEntries(closed) }
}

function closedDns01(
  { cloudflare, route53, rfc2136 }: NonNullable<Whole['issuers'][string]['dns01']>,
  close: (reference: SecretReference, ...keys: readonly string[]) => Secret,
): Dns01 {
  return {
    ...(cloudflare ? { cloudflare: { apiToken: close(cloudflare.apiToken, 'cloudflare', 'apiToken') } } : {}),
    ...(route53
      ? { route53: { ...route53, secretAccessKey: close(route53.secretAccessKey, 'route53', 'secretAccessKey') } }
      : {}),
    ...(rfc2136 ? { rfc2136: { ...rfc2136, tsigSecret: close(rfc2136.tsigSecret, 'rfc2136', 'tsigSecret') } } : {}),
  }
}
