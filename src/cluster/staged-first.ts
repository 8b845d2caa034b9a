import { REQUIREMENTS } from '../catalog/requirements.ts'
import { type Gate, held } from '../core/held.ts'
import type { Resource } from '../core/resource.ts'
import { issuedProbe } from '../facts/issued.ts'
import { type KubeObject, type KubeSeen, kubeProbe } from '../facts/kube-object.ts'
import type { CertManager } from '../inventory/inventory.ts'
import { stagingIssuers } from './cert-manager-issuers.ts'

/**
 * Issuers of letsencrypt, left unmade until a certificate of letsencrypt-staging is Ready. Once they are there they are
 * settled like anything else, for what they issue is in use.
 */
export function stagedFirst(applied: Resource, certManager: CertManager, objects: readonly KubeObject[]): Resource {
  const living = objects.map(({ apiVersion, kind, metadata }) => kubeProbe(apiVersion, kind, metadata.name))
  const staging = stagingIssuers(certManager)
  const gate: Gate = {
    opened: (answers) => living.every((one) => isSettled(answers.get(one))),
    probes: [issuedProbe],
    finding(answers) {
      if (answers.get(issuedProbe).some(({ issuer }) => staging.includes(issuer))) return undefined
      const names = objects.map(({ metadata }) => metadata.name).join(', ')
      return {
        id: 'staging-first',
        met: false,
        severity: 'advised',
        evidence: `${names} not applied: no certificate of ${staging.join(' or ')} is Ready in this cluster`,
        threshold: REQUIREMENTS['staging-first'].title,
        fix: `get one from ${staging[0] ?? 'an issuer of letsencrypt-staging'} and run this again; or write withoutStaging: and why`,
      }
    },
  }
  return held(applied, gate)
}

/** It is there; or the API server is, and does not answer: then nothing is known, and nothing is told. */
function isSettled({ state }: KubeSeen): boolean {
  return state === 'present' || state === 'down'
}
