import { X509Certificate } from 'node:crypto'
import { type Fact, type Line, probe } from '../core/fact.ts'
import { FactError } from '../core/fact-error.ts'
import { ONE_LINE_BASE64 } from './kubectl.ts'

/** A certificate of a node, read here: the host needs no openssl for it. */
export interface Certificate {
  /** The file it lies in; a kubeconfig holds one too. */
  readonly path: string
  readonly subject: string
  readonly isAuthority: boolean
  /** Milliseconds since 1970. */
  readonly notAfterMs: number
  /** When the file was last written, in seconds since 1970 by the host's clock. */
  readonly writtenSeconds: number
}

const FILES = '/etc/kubernetes/pki/*.crt /etc/kubernetes/pki/etcd/*.crt'
/** The second is there only where the kubelet makes its own serving certificate. */
const KUBELET_FILES = '/var/lib/kubelet/pki/kubelet-client-current.pem /var/lib/kubelet/pki/kubelet.crt'
const KUBECONFIGS = '/etc/kubernetes/*.conf'

/**
 * Every certificate of Kubernetes on this host: those of kubeadm, those inside of kubeconfigs, and the kubelet's own. Of files
 * that hold a key too only the certificate is sent. Ask: `all`.
 */
const certificates: Fact<'all', readonly Certificate[]> = {
  name: 'certificates',
  id: (ask) => ask,
  script:
    () => `show() { [ -z "$2" ] || printf 'all\\tcertificate\\t%s\\t%s\\t%s\\n' "$1" "$(stat -L -c %Y -- "$1")" "$2"; }
for f in ${FILES} ${KUBELET_FILES}; do
  [ ! -r "$f" ] || show "$f" "$(sed -n '/-BEGIN CERTIFICATE-/,/-END CERTIFICATE-/{p;/-END/q}' "$f" | ${ONE_LINE_BASE64})"
done
for f in ${KUBECONFIGS}; do
  [ ! -r "$f" ] || show "$f" "$(sed -n 's/^ *client-certificate-data: *//p' "$f" | head -n 1)"
done`,
  parse: (lines) => lines.map(certificateOf),
}

export const certificatesProbe = probe(certificates, 'all')

function certificateOf([, path = '', written = '', text = '']: Line): Certificate {
  try {
    const { subject, ca, validTo } = new X509Certificate(Buffer.from(text, 'base64'))
    return {
      path,
      subject: subject.replaceAll('\n', ', '),
      isAuthority: ca,
      notAfterMs: Date.parse(validTo),
      writtenSeconds: Number(written),
    }
  } catch (error) {
    throw new FactError(
      'certificates',
      `${path} is not a certificate: ${error instanceof Error ? error.message : error}`,
    )
  }
}
