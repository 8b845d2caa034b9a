import { type Fact, probe } from '../core/fact.ts'
import { ADMIN_CONF, kubectlPrelude } from './kubectl.ts'

/** A pod, as far as a count of them needs it. */
export interface KubePod {
  /** `NAMESPACE/NAME`. */
  readonly name: string
  /** Empty while nothing runs it. */
  readonly node: string
  /** `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`. */
  readonly phase: string
  readonly ready: boolean
}

/** Not one that has done its work. */
export function isToRun({ phase }: KubePod): boolean {
  return phase !== 'Succeeded' && phase !== 'Failed'
}

const FIELDS = [
  '{.metadata.namespace}/{.metadata.name}',
  '{.spec.nodeName}',
  '{.status.phase}',
  '{.status.conditions[?(@.type=="Ready")].status}',
].join('{"\\t"}')

/** All pods of the cluster, a line each; empty where its API server does not answer. Starts a kubectl of its own. Ask: `all`. */
const kubePods: Fact<'all', readonly KubePod[]> = {
  name: 'kube-pods',
  costly: true,
  id: (ask) => ask,
  script: () => `${kubectlPrelude()}
[ -e ${ADMIN_CONF} ] && kubectl_ready || exit 0
k get pods -A --chunk-size=500 -o 'jsonpath={range .items[*]}all{"\\t"}pod{"\\t"}${FIELDS}{"\\n"}{end}' 2>/dev/null
:`,
  volatile: ['pod'],
  parse: (lines) =>
    lines.map(([, name = '', node = '', phase = '', ready = '']) => ({ name, node, phase, ready: ready === 'True' })),
}

export const kubePodsProbe = probe(kubePods, 'all')
