import type { KubeObject } from '../facts/kube-object.ts'
import type { Host } from '../inventory/inventory.ts'
import { CONTROL_PLANE, patient, takesAnyPod, tolerating } from './add-on-pod.ts'
import { type Patch, patchedManifest } from './manifest.ts'

/** cert-manager looks for what ClusterIssuers name here. */
export const CERT_MANAGER_NAMESPACE = 'cert-manager'

/** What checks issuers and certificates before they are stored: a Deployment, and a webhook configuration of each kind. */
export const CERT_MANAGER_WEBHOOK = 'cert-manager-webhook'

/**
 * Upstream's manifest with our patience in it, and our tolerations where it could not run.
 * @throws InputError when the text is not the manifest we know how to patch.
 */
export function certManagerObjects(manifest: string, hosts: readonly Host[]): readonly KubeObject[] {
  const taints = hosts.flatMap(({ taints }) => taints)
  // Nobody else may be there to run it.
  const placed: Patch = hosts.some(takesAnyPod) ? (object) => object : tolerating([CONTROL_PLANE, ...taints])
  return patchedManifest('cert-manager', manifest, {
    'Deployment cert-manager': (object) => patient(placed(object)),
    'Deployment cert-manager-cainjector': placed,
    [`Deployment ${CERT_MANAGER_WEBHOOK}`]: (object) => patient(placed(object)),
  })
}
