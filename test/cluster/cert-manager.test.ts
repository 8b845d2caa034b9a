import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { ENTRY_RELEASES } from '../../src/catalog/entry-releases.ts'
import { certManagerObjects } from '../../src/cluster/cert-manager.ts'
import { heldObjects, issuerLines, issuerObjects } from '../../src/cluster/cert-manager-issuers.ts'
import { issuerEvidence } from '../../src/cluster/cert-manager-state.ts'
import { stagedFirst } from '../../src/cluster/staged-first.ts'
import type { Answers } from '../../src/core/fact.ts'
import { sha256 } from '../../src/core/plan.ts'
import { issuedProbe } from '../../src/facts/issued.ts'
import type { KubeObject } from '../../src/facts/kube-object.ts'
import type { CertManager } from '../../src/inventory/inventory.ts'
import { manifests } from '../../src/resources/manifests.ts'
import { nodeOf } from '../support/node.ts'

const MANIFEST = readFileSync(new URL('../cases/manifests/cert-manager.yaml', import.meta.url), 'utf8')

const inventory = (issuers: string, hosts = 'a: {roles: [control-plane, worker]}') =>
  nodeOf(`name: x
kubernetes: {version: "1.36.3"}
ingress: {}
certManager: {issuers: {${issuers}}}
hosts: {${hosts}}`).inventory

const certManager = (issuers: string) => inventory(issuers).certManager as CertManager
const STAGING = 'staging: {acme: letsencrypt-staging, email: a@example.com, http01: {}}'
const PRODUCTION = 'production: {acme: letsencrypt, email: a@example.com, http01: {}}'
const TRAEFIK = { ingressClass: 'traefik', hosts: inventory('').hosts }
const names = (objects: readonly KubeObject[]) => objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`)

describe("cert-manager's manifest", () => {
  const tolerations = (hosts: string) =>
    certManagerObjects(MANIFEST, inventory('', hosts).hosts)
      .filter(({ kind }) => kind === 'Deployment')
      .map(
        ({ spec }) => (spec as { template: { spec: { tolerations?: unknown[] } } }).template.spec.tolerations?.length,
      )

  it('is the one whose digest the catalog has, with the images it names', () => {
    expect(sha256(MANIFEST)).toBe(ENTRY_RELEASES.certManager.manifestSha256)
    for (const image of Object.values(ENTRY_RELEASES.certManager.images)) expect(MANIFEST).toContain(image)
  })
  it('may run on control planes where nobody else is there', () => {
    expect(tolerations('a: {roles: [control-plane]}')).toEqual([1, 1, 1])
    expect(tolerations('a: {roles: [control-plane]}, b: {roles: [worker]}')).toEqual([undefined, undefined, undefined])
  })
  it('never gets less patience than upstream gives', () => {
    const text = JSON.stringify(
      certManagerObjects(MANIFEST, inventory('').hosts).filter(({ kind }) => kind === 'Deployment'),
    )
    expect(text.match(/"timeoutSeconds":\d+/g)?.toSorted()).toEqual([
      '"timeoutSeconds":10',
      '"timeoutSeconds":10',
      '"timeoutSeconds":15',
    ])
  })
})

describe('issuers', () => {
  it('follow a record that names all of them, and those of letsencrypt wait', () => {
    const both = certManager(`${STAGING}, ${PRODUCTION}`)
    const made = issuerObjects(both, TRAEFIK, {})
    expect(names(made)).toEqual(['ConfigMap provision-cert-manager', 'ClusterIssuer staging'])
    expect(made[0]?.data).toEqual({
      objects: 'cert-manager.io/v1 ClusterIssuer staging\ncert-manager.io/v1 ClusterIssuer production',
    })
    expect(names(heldObjects(both, TRAEFIK))).toEqual(['ClusterIssuer production'])
    expect(made[1]?.spec).toEqual({
      acme: {
        server: 'https://acme-staging-v02.api.letsencrypt.org/directory',
        email: 'a@example.com',
        privateKeySecretRef: { name: 'issuer-staging-account' },
        solvers: [{ http01: { ingress: { ingressClassName: 'traefik' } } }],
      },
    })
  })
  it('have the pod that answers HTTP-01 run where only tainted hosts are', () => {
    const { hosts } = inventory('', 'a: {roles: [control-plane]}')
    const [, made] = issuerObjects(certManager(STAGING), { ingressClass: 'traefik', hosts }, {})
    const [{ key, effect }] = [{ key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }] as const
    const podTemplate = { spec: { tolerations: [{ key, effect, operator: 'Exists' }] } }
    expect(made?.spec).toMatchObject({
      acme: { solvers: [{ http01: { ingress: { ingressClassName: 'traefik', podTemplate } } }] },
    })
  })
  it('wait for nothing where a reason is given', () => {
    const given = certManager(PRODUCTION.replace('}}', "}, withoutStaging: 'tried elsewhere'}"))
    expect(heldObjects(given, TRAEFIK)).toEqual([])
    expect(names(issuerObjects(given, TRAEFIK, {}))).toContain('ClusterIssuer production')
  })
  it.each([
    [
      'cloudflare: {apiToken: {env: T}}',
      { cloudflare: { apiTokenSecretRef: { name: 'issuer-d-dns01', key: 'value' } } },
    ],
    [
      'route53: {accessKeyID: AKIA, secretAccessKey: {env: T}}',
      { route53: { accessKeyID: 'AKIA', secretAccessKeySecretRef: { name: 'issuer-d-dns01', key: 'value' } } },
    ],
    [
      'rfc2136: {nameserver: "192.0.2.53:53", tsigKeyName: k, tsigSecret: {env: T}}',
      {
        rfc2136: {
          nameserver: '192.0.2.53:53',
          tsigKeyName: 'k',
          tsigAlgorithm: 'HMACSHA256',
          tsigSecretSecretRef: { name: 'issuer-d-dns01', key: 'value' },
        },
      },
    ],
  ])('prove names by a zone: %s', (dns01, provider) => {
    const zone = certManager(`d: {acme: letsencrypt-staging, email: a@example.com, dns01: {${dns01}}}`)
    expect(JSON.stringify(zone)).toContain('‹secret env T›')
    const [, secret, issuer] = issuerObjects(zone, { hosts: [] }, { d: 'hunter2' })
    expect(secret).toMatchObject({ kind: 'Secret', data: { value: 'aHVudGVyMg==' } })
    expect(issuer?.spec).toMatchObject({ acme: { solvers: [{ dns01: provider }] } })
    expect(issuerLines(zone)).toEqual(['v1 Secret cert-manager/issuer-d-dns01', 'cert-manager.io/v1 ClusterIssuer d'])
  })
})

describe('an issuer of letsencrypt', () => {
  const dns = (name: string, acme: string) =>
    `${name}: {acme: ${acme}, email: a@example.com, dns01: {cloudflare: {apiToken: {env: T}}}}`
  const all = certManager(
    [STAGING, PRODUCTION, dns('dns', 'letsencrypt'), dns('dns-staging', 'letsencrypt-staging')].join(', '),
  )
  const [object, byDns] = heldObjects(all, TRAEFIK) as [KubeObject, KubeObject]
  const resource = stagedFirst(manifests('letsencrypt', [object]), all, object)
  const answers = (living: 'absent' | 'down', issuers: readonly string[] | 'down'): Answers => ({
    get: (asked) =>
      (asked.fact.name === 'issued'
        ? issuers === 'down'
          ? { state: 'down', reason: 'timed out' }
          : { state: 'known', issued: issuers.map((issuer) => ({ name: 'a/b', issuer })) }
        : { state: living, reason: 'busy' }) as never,
    identity: () => [],
  })
  it('is left out, and said to be, until staging has issued something', () => {
    expect(resource.closer(answers('absent', []))).toContainEqual(issuedProbe)
    expect(resource.decide(answers('absent', ['somebody']))).toMatchObject({
      verdict: 'finding',
      finding: { id: 'staging-first:production', met: false, severity: 'advised' },
    })
    expect(resource.decide(answers('absent', ['staging']))).toMatchObject({ verdict: 'differs' })
  })
  it('waits for staging that proves names the same way', () => {
    expect(resource.decide(answers('absent', ['dns-staging']))).toMatchObject({
      finding: { evidence: 'production not applied: no certificate of staging is Ready in this cluster' },
    })
    const other = stagedFirst(manifests('letsencrypt', [byDns]), all, byDns)
    expect(other.decide(answers('absent', ['staging']))).toMatchObject({ finding: { id: 'staging-first:dns' } })
    expect(other.decide(answers('absent', ['dns-staging']))).toMatchObject({ verdict: 'differs' })
  })
  it('is not said to have no certificate where nobody answered', () => {
    expect(resource.decide(answers('absent', 'down'))).toMatchObject({
      finding: { evidence: 'production not applied: nobody says what staging has issued: timed out' },
    })
    expect(issuedProbe.fact.parse([['down', 'timed out']], 'all')).toEqual({ state: 'down', reason: 'timed out' })
  })
  it('is not known where the cluster cannot be seen', () => {
    expect(resource.decide(answers('down', ['staging']))).toMatchObject({ verdict: 'unknown' })
  })
})

describe('what cert-manager says of an issuer', () => {
  const seen = (status: object) =>
    ({ state: 'present', object: { apiVersion: 'v1', kind: 'x', metadata: { name: 'a' }, status } }) as const
  it.each([
    [seen({}), false, /not said anything/],
    [seen({ conditions: [{ type: 'Ready', status: 'False', message: 'no such host' }] }), false, /no such host/],
    [seen({ conditions: [{ type: 'Ready', status: 'True', message: 'registered' }] }), true, /registered/],
    [{ state: 'absent' } as const, false, /not there/],
  ])('%j', (state, holds, evidence) => {
    const verdict = issuerEvidence('a', state)
    expect(verdict.holds).toBe(holds)
    expect(verdict.evidence).toMatch(evidence)
  })
})
