import { type Fact, probe } from '../core/fact.ts'
import { STAMP_DIR } from './unit.ts'

/** What tells whose work a machine is. */
export interface ResetState {
  /** We installed something here. */
  readonly ours: boolean
  /** There is something of Kubernetes. */
  readonly kubernetes: boolean
  /** The cluster's name, where its first control plane was made here. */
  readonly cluster: string | undefined
}

const CONFIG = '/etc/kubernetes/provision/kubeadm.yaml'

/** Ask: `host`. */
const resetState: Fact<'host', ResetState> = {
  name: 'reset-state',
  id: (ask) => ask,
  script: () => `[ ! -d ${STAMP_DIR} ] || printf 'host\\tours\\n'
for path in /etc/kubernetes /var/lib/kubelet /var/lib/etcd; do [ ! -e $path ] || printf 'host\\tkubernetes\\n'; done
[ ! -r ${CONFIG} ] || printf 'host\\tcluster\\t%s\\n' "$(sed -n 's/^clusterName: *//p' ${CONFIG} | head -n 1 | tr -d '"')"`,
  parse: (lines) => ({
    ours: lines.some(([word]) => word === 'ours'),
    kubernetes: lines.some(([word]) => word === 'kubernetes'),
    cluster: lines.find(([word]) => word === 'cluster')?.[1] || undefined,
  }),
}

export const resetStateProbe = probe(resetState, 'host')
