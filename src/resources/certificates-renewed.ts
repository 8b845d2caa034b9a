import type { Change } from '../core/change.ts'
import { argv } from '../core/quote.ts'
import { type Key, type Resource, type ResourceOptions, type ResourceType, resource } from '../core/resource.ts'
import { type Certificate, certificatesProbe } from '../facts/certificate.ts'
import { WITH_OUR_PATH } from '../facts/kubectl.ts'

export interface CertificatesWant {
  /** Every certificate has at least so many days left. */
  readonly days: number
  /** Milliseconds since 1970 on the operator's clock. */
  readonly nowMs: () => number
  /** What kubeadm calls the certificate in a file; undefined where it does not renew it. */
  readonly nameOf: (certificate: Certificate) => string | undefined
}

interface Due {
  readonly name: string
  readonly days: number
}

interface Have {
  readonly due: readonly Due[]
  readonly all: number
}

const DAY_MS = 86_400_000
const RENEW_TIMEOUT_MS = 120_000

/** The certificates kubeadm made on a control plane, renewed by kubeadm; keys, names and authorities stay. */
const certificatesType: ResourceType<CertificatesWant, Have> = {
  name: 'certificates-renewed',
  key: (): Key => 'certificates:kubeadm',
  paths: () => ['/etc/kubernetes'],
  probes: () => [certificatesProbe],
  observe({ days, nowMs, nameOf }, answers) {
    const named = answers.get(certificatesProbe).flatMap((certificate) => {
      const name = nameOf(certificate)
      return name === undefined ? [] : [{ name, days: Math.floor((certificate.notAfterMs - nowMs()) / DAY_MS) }]
    })
    if (named.length === 0) return { unknown: 'there are no certificates of kubeadm here', final: true }
    return { due: named.filter((each) => each.days < days), all: named.length }
  },
  diff: (_want, { due }): readonly Change[] =>
    due.map(({ name, days }) => ({ what: name, from: `${days} days left`, to: 'renewed' })),
  steps(_want, { due, all }) {
    if (due.length === 0) return []
    // One kubeadm for all of them, or one for each: it reads the cluster's configuration every time.
    const names = due.length === all ? ['all'] : due.map(({ name }) => name)
    return [
      {
        title: `renew ${due.length} certificates`,
        body: `${WITH_OUR_PATH}\nfor name in ${argv(names)}; do kubeadm certs renew "$name" || exit 1; done`,
        timeoutMs: RENEW_TIMEOUT_MS * names.length,
      },
    ]
  },
  evidence: ({ days }, { all }) => `${all} certificates, each with ${days} days or more`,
}

export function certificatesRenewed(want: CertificatesWant, options: ResourceOptions = {}): Resource {
  return resource(certificatesType, want, { title: 'certificates', ...options })
}
