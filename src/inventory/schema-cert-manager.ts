import { X509Certificate } from 'node:crypto'
import { z } from 'zod'
import { dnsLabel, hostPort, line, url } from './scalars.ts'
import { secretReference } from './secret.ts'

/** Names and meanings are cert-manager's own: cert-manager.io, "ACME" and "API reference" (v1). */

const pem = 'certificates in PEM form, from -----BEGIN CERTIFICATE----- on'

const certificates = z
  .string({ error: pem })
  .max(65_536, { error: `${pem}, of at most 64 KiB` })
  .refine(isPem, { error: pem })

function isPem(text: string): boolean {
  try {
    return new X509Certificate(text).raw.length > 0
  } catch {
    return false
  }
}

const directory = z.strictObject({
  server: url.describe('Address of its directory.'),
  caBundle: certificates
    .exactOptional()
    .describe('Certificates (PEM) of who signed that of the directory itself. Without: those the world trusts.'),
})

const word = (what: string) => z.string({ error: what }).regex(/^[!-~]{1,253}$/, { error: `${what}, without spaces` })

const dns01 = z
  .strictObject({
    cloudflare: z
      .strictObject({ apiToken: secretReference.describe('Token that may edit the zone, by reference.') })
      .exactOptional()
      .describe('Zones at Cloudflare.'),
    route53: z
      .strictObject({
        accessKeyID: word('the id of an access key').describe('Id of the access key.'),
        secretAccessKey: secretReference.describe('The key itself, by reference.'),
        hostedZoneID: word('the id of a hosted zone').exactOptional().describe('Otherwise found by its name.'),
      })
      .exactOptional()
      .describe('Zones at Amazon Route 53.'),
    rfc2136: z
      .strictObject({
        nameserver: hostPort.describe('host:port of the name server that takes updates.'),
        tsigKeyName: word('the name of a TSIG key').describe('Name of the TSIG key.'),
        tsigAlgorithm: z
          .enum(['HMACSHA256', 'HMACSHA512'])
          .default('HMACSHA256')
          .describe('HMACSHA256 or HMACSHA512, as the name server has the key.'),
        tsigSecret: secretReference.describe('The TSIG key in base64, by reference.'),
      })
      .exactOptional()
      .describe('A name server of yours (RFC 2136).'),
  })
  .describe('Prove a name by a record in its zone. One provider.')

const issuer = z
  .strictObject({
    acme: z
      .union([z.enum(['letsencrypt', 'letsencrypt-staging']), directory], {
        error: 'letsencrypt, letsencrypt-staging or {server: URL}',
      })
      .describe('Who signs: letsencrypt, letsencrypt-staging, or {server: URL} for any other ACME directory.'),
    email: z
      .string({ error: 'an e-mail address' })
      .max(254, { error: 'an e-mail address' })
      .regex(/^[^\s@<>,;]+@[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?$/, { error: 'an e-mail address' })
      .describe('Where the directory writes to when something is wrong with the account.'),
    http01: z
      .strictObject({
        ingressClass: dnsLabel
          .exactOptional()
          .describe('IngressClass that answers the challenge. Without: that of ingress.'),
      })
      .exactOptional()
      .describe('Prove a name by an answer on its port 80.'),
    dns01: dns01.exactOptional(),
    withoutStaging: line('a reason')
      .exactOptional()
      .describe(
        'letsencrypt only: why it may be used although nothing was issued by letsencrypt-staging in this cluster.',
      ),
  })
  .describe('A ClusterIssuer.')

export const certManager = z
  .strictObject({
    issuers: z
      .record(dnsLabel, issuer)
      .default({})
      .describe('ClusterIssuers by name. One that is deleted here is deleted in the cluster.'),
  })
  .describe('cert-manager, which gets certificates and renews them. Presence of this key installs it.')
