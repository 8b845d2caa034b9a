import { type Fact, probe } from '../core/fact.ts'
import { kubectlPrelude } from './kubectl.ts'

export interface StrangersAsk {
  /** Nodes the cluster may have beside this one. */
  readonly others: number
}

/**
 * Names of all nodes, where there seem to be more of them than there may be; empty otherwise. Flannel's VXLAN has a route to
 * each other node, and reading those costs nothing: only when there are too many a kubectl is started. So a run in which all is
 * as wanted is not slower for it. Networks without such routes are looked at by `provision status` only.
 */
const kubeStrangers: Fact<StrangersAsk, readonly string[]> = {
  name: 'kube-strangers',
  costly: true,
  id: ({ others }) => String(others),
  script: (asks) => `count=0
while read -r link rest; do case $link in flannel.1) count=$((count + 1)) ;; esac; done </proc/net/route
${kubectlPrelude()}
for others in ${asks.map(({ others }) => others).join(' ')}; do
  [ $count -gt "$others" ] && kubectl_ready || continue
  k get nodes -o name 2>/dev/null | sed -n "s|^node/|$others	node	|p"
done`,
  volatile: ['node'],
  parse: (lines) => lines.map(([, name = '']) => name),
}

export function strangersProbe(ask: StrangersAsk) {
  return probe(kubeStrangers, ask)
}
