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

/** What was issued; or nobody could say. */
export type IssuedSeen =
  | { readonly state: 'known'; readonly issued: readonly Issued[] }
  | { readonly state: 'down'; readonly reason: string }

/**
 * Certificates of the cluster that are Ready and come from a ClusterIssuer, a line each; none where there is no cluster or no
 * cert-manager. Starts a kubectl of its own. Ask: `all`.
 */
const issued: Fact<'all', IssuedSeen> = {
  name: 'issued',
  costly: true,
  id: (ask) => ask,
  script: () => `${kubectlPrelude()}
[ -e ${ADMIN_CONF} ] && kubectl_ready || exit 0
said=$(k get certificates.cert-manager.io -A --chunk-size=500 -o 'jsonpath={range .items[*]}all{"\\t"}issued{"\\t"}${FIELDS}{"\\n"}{end}' 2>&1); rc=$?
printf '%s\\n' "$said" | grep '^all'
case $rc:$said in 0:* | *"doesn't have a resource type"*) ;; *) printf 'all\\tdown\\t%s\\n' "$(printf '%s' "$said" | tail -n 1 | tr '\\t' ' ')" ;; esac`,
  volatile: ['issued', 'down'],
  parse(lines) {
    const [, reason] = lines.find(([field]) => field === 'down') ?? []
    if (reason !== undefined) return { state: 'down', reason }
    const all = lines.flatMap(([, name = '', from = '', ready = '']) => {
      const [kind, issuer = ''] = from.split('/')
      return kind === 'ClusterIssuer' && ready === 'True' ? [{ name, issuer }] : []
    })
    return { state: 'known', issued: all }
  },
}

export const issuedProbe = probe(issued, 'all')
