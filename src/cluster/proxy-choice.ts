import { InputError } from '../core/errors.ts'
import type { Inventory } from '../inventory/inventory.ts'

/** Kubernetes 1.x from which kube-proxy refuses mode ipvs unless the gate KubeProxyIPVS says otherwise. Source: KEP-5495. */
export const IPVS_GATED_SINCE_MINOR = 40

/** And from which the mode does not exist. Source: KEP-5495. */
const IPVS_GONE_SINCE_MINOR = 43

/** Minor version of Kubernetes, e.g. 36. */
export function kubernetesMinor({ kubernetes }: Inventory): number {
  return Number(kubernetes.version.split('.')[1])
}

/** What somebody should know of the chosen mode before it is too late, on one line. Dates: KEP-5495, three releases a year. */
export function proxyNotice({ kubernetes }: Inventory): string | undefined {
  if (kubernetes.kubeProxy.mode !== 'ipvs') return undefined
  return "kube-proxy's mode ipvs is deprecated since Kubernetes 1.35 (December 2025), off by default from 1.40 (about August 2027) and gone with 1.43 (about August 2028); its successor is nftables"
}

/** @throws InputError for a mode that cannot work. */
export function refuseProxyMode(inventory: Inventory): void {
  const { file, kubernetes } = inventory
  const { mode } = kubernetes.kubeProxy
  const where = `${file}, kubernetes.kubeProxy.mode`
  if (mode === 'ipvs' && kubernetesMinor(inventory) >= IPVS_GONE_SINCE_MINOR)
    throw new InputError({
      what: `kube-proxy of Kubernetes ${kubernetes.version} has no mode ipvs`,
      where,
      why: `it was deprecated in 1.35 and is gone since 1.${IPVS_GONE_SINCE_MINOR}`,
      fix: 'write mode: nftables',
    })
}
