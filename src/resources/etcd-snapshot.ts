import { quote } from '../core/quote.ts'
import type { Resource, ResourceOptions } from '../core/resource.ts'
import { clusterConfigurationProbe, clusterVersionOf } from '../facts/cluster-configuration.ts'
import { ETCD_KEPT, ETCD_MANIFEST, WITH_ETCD_SNAPSHOT } from '../facts/etcd-tools.ts'
import { unlessProbe } from '../facts/unless.ts'
import { command } from './command.ts'

/** One that is older was taken before something else. */
const FRESH_MINUTES = 60

/** A way back: a snapshot of etcd on the host itself, before the control plane gets `version` (`1.36.3`). */
export function snapshotBefore(version: string, options: ResourceOptions = {}): Resource {
  const file = `${ETCD_KEPT}/before-v${version}.db`
  const fresh = unlessProbe(`[ -n "$(find ${quote(`${file}.json`)} -mmin -${FRESH_MINUTES})" ]`)
  return command(
    {
      name: `etcd snapshot before v${version}`,
      probes: [clusterConfigurationProbe, fresh],
      holds(answers) {
        if (clusterVersionOf(answers.get(clusterConfigurationProbe)) === `v${version}`)
          return 'the cluster has it already'
        return answers.get(fresh) ? file : undefined
      },
      run: `${WITH_ETCD_SNAPSHOT}
mkdir -p -m 0700 ${quote(ETCD_KEPT)} && etcd_tools ${ETCD_MANIFEST} && etcd_snapshot ${quote(file)} && cat ${quote(`${file}.json`)}`,
      timeoutMs: 300_000,
    },
    { title: 'way back', ...options },
  )
}
