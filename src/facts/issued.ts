import { type Fact, probe } from '../core/fact.ts'
import { ADMIN_CONF, kubectlPrelude } from './kubectl.ts'

/** A certificate that a ClusterIssuer of cert-manager has issued. */
export interface Issued {
  /** `NAMESPACE/NAME`. */
  readonly name: string
  readonly issuer: string
}

const FIELDS = [
  '{.metadata.namespace}/{.metadata.name}',
  '{.spec.issuerRef.kind}/{.spec.issuerRef.name}',
  '{.status.conditions[?(@.type=="Ready")].status}',
].join('{"\\t"}')

/**
 * Certificates of the cluster that are Ready and come from a ClusterIssuer, a line each; none where there is no cert-manager or
 * the API server does not answer. Starts a kubectl of its own. Ask: `all`.
 */
const issued: Fact<'all', readonly Issued[]> = {
  name: 'issued',
  costly: true,
  id: (ask) => ask,
  script: () => `${kubectlPrelude()}
[ -e ${ADMIN_CONF} ] && kubectl_ready || exit 0
k get certificates.cert-manager.io -A --chunk-size=500 -o 'jsonpath={range .items[*]}all{"\\t"}issued{"\\t"}${FIELDS}{"\\n"}{end}' 2>/dev/null
:`,
  volatile: ['issued'],
  parse: (lines) =>
    lines.flatMap(([, name = '', from = '', ready = '']) => {
      const [kind, issuer = ''] = from.split('/')
      return kind === 'ClusterIssuer' && ready === 'True' ? [{ name, issuer }] : []
    }),
}

export const issuedProbe = probe(issued, 'all')
