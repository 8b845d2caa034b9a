import { type Fact, type Probe, probe } from '../core/fact.ts'
import { quote } from '../core/quote.ts'
import { kubectlPrelude } from './kubectl.ts'

/**
 * Whether the cluster knows a bootstrap token by this id (its public part). Its secret part stays there.
 * https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/
 */
const bootstrapToken: Fact<string, boolean> = {
  name: 'bootstrap-token',
  costly: true,
  id: (id) => id,
  script: (ids) => `${kubectlPrelude()}
kubectl_ready || exit 0
for id in ${ids.map(quote).join(' ')}; do
  name=$(k -n kube-system get secret "bootstrap-token-$id" --ignore-not-found -o name) || exit 1
  [ -z "$name" ] || printf '%s\\tis there\\n' "$id"
done`,
  parse: (lines) => lines.length > 0,
}

export function bootstrapTokenProbe(id: string): Probe<string, boolean> {
  return probe(bootstrapToken, id)
}
