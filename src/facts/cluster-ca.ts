import { createHash, X509Certificate } from 'node:crypto'
import { type Fact, probe } from '../core/fact.ts'
import { FactError } from '../core/fact-error.ts'
import { ONE_LINE_BASE64 } from './kubectl.ts'

const CA = '/etc/kubernetes/pki/ca.crt'

/**
 * Digest of the public key of the cluster's certificate authority, in the form kubeadm pins it: `sha256:HEX` of the
 * SubjectPublicKeyInfo. Undefined where there is none. Ask: `ca`.
 * https://kubernetes.io/docs/reference/setup-tools/kubeadm/kubeadm-join/#token-based-discovery-with-ca-pinning
 */
const clusterCa: Fact<'ca', string | undefined> = {
  name: 'cluster-ca',
  id: () => 'ca',
  script: () => `[ ! -r ${CA} ] || printf 'ca\\tcertificate\\t%s\\n' "$(cat ${CA} | ${ONE_LINE_BASE64})"`,
  parse(lines) {
    const text = lines[0]?.[1]
    return text === undefined ? undefined : pinOf(Buffer.from(text, 'base64'))
  },
}

export const clusterCaProbe = probe(clusterCa, 'ca')

function pinOf(certificate: Uint8Array): string {
  try {
    const key = new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' })
    return `sha256:${createHash('sha256').update(key).digest('hex')}`
  } catch (error) {
    throw new FactError('cluster-ca', `${CA} is not a certificate: ${error instanceof Error ? error.message : error}`)
  }
}
