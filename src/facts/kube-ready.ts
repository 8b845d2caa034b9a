import { type Fact, probe } from '../core/fact.ts'
import { ADMIN_CONF, kubectlPrelude } from './kubectl.ts'

/** What the API server of this very host says of itself. `none`: there is none here. */
export type KubeReady =
  | { readonly state: 'none' }
  | { readonly state: 'ready' }
  /** Its checks that fail, or why it does not answer. */
  | { readonly state: 'unready'; readonly reason: string }

/** Shell that asks the API server of this host, whatever the cluster's endpoint is, for a path: `own_api PATH`. */
export const OWN_API = `own_api() {
  own=$(sed -n 's/^ *- --advertise-address=//p' /etc/kubernetes/manifests/kube-apiserver.yaml)
  case $own in *:*) own="[$own]" ;; esac
  k --server "https://$own:6443" get --raw "$1"
}`

/** Shell that succeeds once the API server of this host is ready. */
export const OWN_API_IS_READY = 'own_api /readyz >/dev/null 2>&1'

/** What the two functions need, for steps. */
export const WITH_OWN_API = `${kubectlPrelude()}
${OWN_API}`

/** Ask: `own`. */
const kubeReady: Fact<'own', KubeReady> = {
  name: 'kube-ready',
  costly: true,
  id: (ask) => ask,
  script: () => `${kubectlPrelude()}
${OWN_API}
[ -e ${ADMIN_CONF} ] && kubectl_ready && [ -e /etc/kubernetes/manifests/kube-apiserver.yaml ] || exit 0
if said=$(own_api '/readyz?verbose' 2>&1); then printf 'own\\tready\\n'
else
  why=$(printf '%s\\n' "$said" | sed 's/\\\\n/\\n/g' | sed -n 's/^\\[-\\]\\([^ ]*\\) .*/\\1/p' | tr '\\n' ' ')
  printf 'own\\tunready\\t%s\\n' "\${why:-$(printf '%s' "$said" | tail -n 1 | tr '\\t' ' ')}"
fi`,
  volatile: ['ready', 'unready'],
  parse(lines) {
    const [state, reason = ''] = lines[0] ?? []
    if (state === 'ready') return { state }
    return state === 'unready' ? { state, reason: reason.trim() } : { state: 'none' }
  },
}

export const kubeReadyProbe = probe(kubeReady, 'own')
