import { type KubeObject, OUR_LABEL } from '../facts/kube-object.ts'
import { linesOf, recordObject } from '../facts/object-record.ts'
import type { CertManager, Dns01, Host, Issuer } from '../inventory/inventory.ts'
import { CONTROL_PLANE, takesAnyPod, tolerationsOf } from './add-on-pod.ts'
import { CERT_MANAGER_NAMESPACE } from './cert-manager.ts'

/** Which issuers and secrets were ours: what is named here and no longer wanted is deleted. */
export const CERT_MANAGER_RECORD = 'provision-cert-manager'

/** Addresses of the directories. Source: letsencrypt.org, "ACME API endpoints". */
const LETS_ENCRYPT = {
  letsencrypt: 'https://acme-v02.api.letsencrypt.org/directory',
  'letsencrypt-staging': 'https://acme-staging-v02.api.letsencrypt.org/directory',
} as const

/** Secrets of an issuer by the name of what they are for: `issuer-NAME-dns01`, each with one key. */
export type IssuerSecrets = Readonly<Record<string, string>>

/** What issuers depend on around cert-manager. */
export interface Around {
  /** Of the Ingresses that lead to what answers HTTP-01. */
  readonly ingressClass?: string
  readonly hosts: readonly Host[]
}

/** What of an issuer's proof is a secret, if anything is. */
export function secretOf({ dns01 }: Issuer) {
  return dns01?.cloudflare?.apiToken ?? dns01?.route53?.secretAccessKey ?? dns01?.rfc2136?.tsigSecret
}

/** Names of issuers that wait until others have shown that everything works. */
export function heldIssuers({ issuers }: CertManager): readonly string[] {
  return Object.entries(issuers).flatMap(([name, { acme, withoutStaging }]) =>
    acme === 'letsencrypt' && withoutStaging === undefined ? [name] : [],
  )
}

export function stagingIssuers({ issuers }: CertManager): readonly string[] {
  return Object.entries(issuers).flatMap(([name, { acme }]) => (acme === 'letsencrypt-staging' ? [name] : []))
}

/** Lines of the record: everything the inventory makes, whether or not it waits. */
export function issuerLines(certManager: CertManager): readonly string[] {
  return linesOf(issuerParts(certManager, { hosts: [] }, {}))
}

/** The record, secrets, and the issuers that wait for nothing. The record first: a run that is cut off leaves nothing unnamed. */
export function issuerObjects(certManager: CertManager, around: Around, secrets: IssuerSecrets): readonly KubeObject[] {
  const held = heldIssuers(certManager)
  const parts = issuerParts(certManager, around, secrets)
  return [
    recordObject({ namespace: CERT_MANAGER_NAMESPACE, name: CERT_MANAGER_RECORD }, linesOf(parts)),
    ...parts.filter(({ kind, metadata }) => kind !== 'ClusterIssuer' || !held.includes(metadata.name)),
  ]
}

/** Those that wait. */
export function heldObjects(certManager: CertManager, around: Around): readonly KubeObject[] {
  const held = heldIssuers(certManager)
  return issuerParts(certManager, around, {}).filter(
    ({ kind, metadata }) => kind === 'ClusterIssuer' && held.includes(metadata.name),
  )
}

function issuerParts({ issuers }: CertManager, around: Around, secrets: IssuerSecrets): readonly KubeObject[] {
  return Object.entries(issuers).flatMap(([name, issuer]) => [
    ...(secretOf(issuer) ? [secretObject(name, secrets[name] ?? '')] : []),
    issuerObject(name, issuer, around),
  ])
}

function secretObject(issuer: string, value: string): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: secretName(issuer), namespace: CERT_MANAGER_NAMESPACE, labels: OUR_LABEL },
    type: 'Opaque',
    data: { [SECRET_KEY]: Buffer.from(value).toString('base64') },
  }
}

const SECRET_KEY = 'value'

function secretName(issuer: string): string {
  return `issuer-${issuer}-dns01`
}

function issuerObject(name: string, issuer: Issuer, around: Around): KubeObject {
  const { acme, email } = issuer
  const directory = typeof acme === 'string' ? { server: LETS_ENCRYPT[acme] } : acme
  const caBundle = 'caBundle' in directory && directory.caBundle !== undefined ? directory.caBundle : undefined
  return {
    apiVersion: 'cert-manager.io/v1',
    kind: 'ClusterIssuer',
    metadata: { name, labels: OUR_LABEL },
    spec: {
      acme: {
        server: directory.server,
        email,
        ...(caBundle === undefined ? {} : { caBundle: Buffer.from(caBundle).toString('base64') }),
        privateKeySecretRef: { name: `issuer-${name}-account` },
        solvers: [solverOf(name, issuer, around)],
      },
    },
  }
}

function solverOf(name: string, { http01, dns01 }: Issuer, around: Around): object {
  if (http01) {
    const { hosts, ingressClass } = around
    const tolerations = hosts.some(takesAnyPod)
      ? []
      : tolerationsOf([CONTROL_PLANE, ...hosts.flatMap(({ taints }) => taints)])
    // The pod that answers is made by cert-manager, which gives it none of its own tolerations.
    const pod = tolerations.length === 0 ? {} : { podTemplate: { spec: { tolerations } } }
    return { http01: { ingress: { ingressClassName: http01.ingressClass ?? ingressClass, ...pod } } }
  }
  return { dns01: dns01 ? providerOf(dns01, { name: secretName(name), key: SECRET_KEY }) : {} }
}

function providerOf({ cloudflare, route53, rfc2136 }: Dns01, secret: object): object {
  if (cloudflare) return { cloudflare: { apiTokenSecretRef: secret } }
  if (route53) {
    const { secretAccessKey: _reference, ...settings } = route53
    return { route53: { ...settings, secretAccessKeySecretRef: secret } }
  }
  if (!rfc2136) return {}
  const { tsigSecret: _reference, ...settings } = rfc2136
  return { rfc2136: { ...settings, tsigSecretSecretRef: secret } }
}
