import { REQUIREMENTS } from '../catalog/requirements.ts'
import { type Gate, held } from '../core/held.ts'
import type { Resource } from '../core/resource.ts'
import { issuedProbe } from '../facts/issued.ts'
import { type KubeObject, type KubeSeen, kubeProbe } from '../facts/kube-object.ts'
import type { CertManager } from '../inventory/inventory.ts'
import { stagingIssuers } from './cert-manager-issuers.ts'

/**
 * An issuer of letsencrypt, left unmade until a certificate of letsencrypt-staging is Ready: of one that proves names the same way,
 * where there is one, for what was tried by DNS says nothing of HTTP. Once it is there it is settled like anything else, for what it
 * issues is in use.
 */
export function stagedFirst(applied: Resource, certManager: CertManager, object: KubeObject): Resource {
  const { name } = object.metadata
  const living = kubeProbe(object.apiVersion, object.kind, name)
  const staging = stagingFor(certManager, name)
  const gate: Gate = {
    opened: (answers) => isSettled(answers.get(living)),
    probes: [issuedProbe],
    finding(answers) {
      const seen = answers.get(issuedProbe)
      if (seen.state === 'known' && seen.issued.some(({ issuer }) => staging.includes(issuer))) return undefined
      const why =
        seen.state === 'down'
          ? `nobody says what ${staging.join(' or ')} has issued: ${seen.reason}`
          : `no certificate of ${staging.join(' or ')} is Ready in this cluster`
      return {
        id: `staging-first:${name}`,
        met: false,
        severity: 'advised',
        evidence: `${name} not applied: ${why}`,
        threshold: REQUIREMENTS['staging-first'].title,
        fix: `get one from ${staging[0] ?? 'an issuer of letsencrypt-staging'} and run this again; or write withoutStaging: and why`,
      }
    },
  }
  return held(applied, gate)
}

function stagingFor(certManager: CertManager, name: string): readonly string[] {
  const all = stagingIssuers(certManager)
  const wayOf = (one: string) => {
    const { http01, dns01 = {} } = certManager.issuers[one] ?? {}
    return http01 ? `http01 ${http01.ingressClass ?? ''}` : Object.keys(dns01).join(' ')
  }
  const same = all.filter((one) => wayOf(one) === wayOf(name))
  return same.length > 0 ? same : all
}

/** It is there; or the API server is, and does not answer: then nothing is known, and nothing is told. */
function isSettled({ state }: KubeSeen): boolean {
  return state === 'present' || state === 'down'
}
