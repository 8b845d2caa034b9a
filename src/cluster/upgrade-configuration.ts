import { ignoredPreflightErrors, PATCHES } from './kubeadm.ts'
import { isFirst, type Node } from './node.ts'

/** Fields: https://kubernetes.io/docs/reference/config-api/kubeadm-config.v1beta4/#kubeadm-k8s-io-v1beta4-UpgradeConfiguration */
export interface UpgradeConfiguration {
  readonly apiVersion: 'kubeadm.k8s.io/v1beta4'
  readonly kind: 'UpgradeConfiguration'
  readonly apply?: Readonly<Record<string, unknown>>
  readonly node?: Readonly<Record<string, unknown>>
  readonly timeouts: Readonly<Record<string, string>>
}

/** For `kubeadm upgrade apply` on the first control plane, for `kubeadm upgrade node` on the others. */
export function upgradeConfiguration(node: Node): UpgradeConfiguration {
  const { version, timeouts } = node.inventory.kubernetes
  const ignored = ignoredPreflightErrors(node.host.accept)
  const shared = { imagePullPolicy: 'IfNotPresent', ...(ignored.length > 0 ? { ignorePreflightErrors: ignored } : {}) }
  const slow = timeouts.controlPlaneComponentHealthCheck
  return {
    apiVersion: 'kubeadm.k8s.io/v1beta4',
    kind: 'UpgradeConfiguration',
    ...(isFirst(node)
      ? { apply: { ...shared, kubernetesVersion: `v${version}` } }
      : { node: { ...shared, patches: { directory: PATCHES } } }),
    timeouts: {
      ...(timeouts as Readonly<Record<string, string>>),
      ...(slow === undefined ? {} : { upgradeManifests: slow }),
    },
  }
}
