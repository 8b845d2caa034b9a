import { type Fact, type Probe, probe } from '../core/fact.ts'
import { quote } from '../core/quote.ts'
import { ADMIN_CONF, kubectlPrelude } from './kubectl.ts'

const FIELDS = [
  '{.metadata.namespace}/{.metadata.name}',
  '{.status.phase}',
  '{.metadata.ownerReferences[?(@.controller==true)].kind}',
  // The key has dots in it, and only static pods have it.
  String.raw`{.metadata.annotations.kubernetes\.io/config\.mirror}`,
].join('{"\\t"}')

/**
 * Pods that a drain of this node would evict, `NAMESPACE/NAME`: not those of DaemonSets, which come back at once, not static
 * ones, not those that have ended. As the cluster's administrator sees them; empty where nothing answers. Starts a kubectl.
 */
const evictablePods: Fact<string, readonly string[]> = {
  name: 'evictable-pods',
  costly: true,
  id: (node) => node,
  script: (nodes) => `${kubectlPrelude()}
[ -e ${ADMIN_CONF} ] && kubectl_ready || exit 0
for node in ${nodes.map(quote).join(' ')}; do
  k get pods -A --field-selector "spec.nodeName=$node" -o 'jsonpath={range .items[*]}pod{"\\t"}${FIELDS}{"\\n"}{end}' 2>/dev/null |
  while IFS= read -r line; do printf '%s\\t%s\\n' "$node" "$line"; done
done`,
  volatile: ['pod'],
  parse: (lines) =>
    lines
      .filter(
        ([, , phase, owner, mirror = '']) =>
          phase !== 'Succeeded' && phase !== 'Failed' && owner !== 'DaemonSet' && mirror === '',
      )
      .map(([, name = '']) => name),
}

export function evictablePodsProbe(node: string): Probe<string, readonly string[]> {
  return probe(evictablePods, node)
}
