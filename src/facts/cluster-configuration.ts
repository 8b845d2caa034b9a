import { parse } from 'yaml'
import { z } from 'zod'
import { FactError } from '../core/fact-error.ts'
import { type KubeSeen, kubeProbe } from './kube-object.ts'

/** What kubeadm knows of the cluster. It writes the version there once its own control plane runs it. */
export const clusterConfigurationProbe = kubeProbe('v1', 'ConfigMap', 'kube-system/kubeadm-config')

const schema = z.looseObject({ kubernetesVersion: z.string() })

/** Version of the cluster by kubeadm's own record, `v1.36.3`; undefined where there is none. */
export function clusterVersionOf(seen: KubeSeen): string | undefined {
  if (seen.state !== 'present') return undefined
  const data = seen.object.data as Readonly<Record<string, string>> | undefined
  const parsed = schema.safeParse(parse(data?.ClusterConfiguration ?? '{}'))
  if (!parsed.success) throw new FactError('cluster-configuration', z.prettifyError(parsed.error))
  return parsed.data.kubernetesVersion
}
