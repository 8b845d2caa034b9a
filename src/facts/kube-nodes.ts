import { type Fact, probe } from '../core/fact.ts'
import { type KubeObject, readObject } from './kube-object.ts'
import { ADMIN_CONF, kubectlPrelude } from './kubectl.ts'

/** `none`: this host rules no cluster. */
export type KubeNodes =
  | { readonly state: 'none' }
  | { readonly state: 'down'; readonly reason: string }
  | { readonly state: 'up'; readonly nodes: readonly KubeObject[] }

/**
 * All nodes of the cluster, as its administrator sees them. It starts a kubectl of its own: for verbs that look around, not for
 * every run. Ask: `all`.
 */
const kubeNodes: Fact<'all', KubeNodes> = {
  name: 'kube-nodes',
  costly: true,
  id: (ask) => ask,
  script: () => `${kubectlPrelude()}
[ -e ${ADMIN_CONF} ] && kubectl_ready || exit 0
if all=$(k get nodes -o 'jsonpath={range .items[*]}all{"\\t"}node{"\\t"}{@}{"\\n"}{end}' 2>&1); then printf 'all\\tapi\\tup\\n%s\\n' "$all"
else printf 'all\\tapi\\tdown\\t%s\\n' "$(printf '%s' "$all" | tail -n 1 | tr '\\t' ' ')"; fi`,
  // What a node reports moves by itself.
  volatile: ['node', 'api'],
  parse(lines) {
    const [, api, reason = ''] = lines.find(([field]) => field === 'api') ?? []
    if (api === undefined) return { state: 'none' }
    if (api !== 'up') return { state: 'down', reason }
    const nodes = lines.filter(([field]) => field === 'node')
    return { state: 'up', nodes: nodes.map(([, text = '']) => readObject(text, 'a node')) }
  },
}

export const kubeNodesProbe = probe(kubeNodes, 'all')
