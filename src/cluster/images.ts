import { CALICO, CILIUM } from '../catalog/network-releases.ts'
import { RELEASES } from '../catalog/releases.ts'
import type { Inventory } from '../inventory/inventory.ts'
import { hasTypha } from './pod-network.ts'

/** Images of the chosen network, by name of their artifact. */
export function networkImageNames({
  network,
  hosts,
}: Pick<Inventory, 'network' | 'hosts'>): Readonly<Record<string, string>> {
  if (network.cni === 'flannel') return RELEASES.flannel.images
  if (network.cni === 'canal') return CALICO.canalImages
  if (network.cni === 'cilium') return CILIUM.images
  return { ...CALICO.images, ...(hasTypha(network, hosts.length) ? CALICO.typhaImages : {}) }
}

/** Kubernetes' own: those that `kubeadm config images list` names. */
const KUBERNETES_REGISTRY = 'registry.k8s.io'

/** The hosts a node gets its images from: mirrors, where it has some for a registry, else the registries themselves. */
export function imageHosts(inventory: Inventory): readonly string[] {
  const { registryMirrors: mirrors } = inventory.runtime
  const used = [
    networkImageNames(inventory),
    inventory.loadBalancer ? RELEASES.metallb.images : {},
    inventory.ingress ? RELEASES.traefik.images : {},
    inventory.certManager ? RELEASES.certManager.images : {},
    inventory.network.policyEngine === undefined ? {} : RELEASES.kubeRouter.images,
  ].flatMap((images) => Object.values<string>(images))
  const registries = new Set([KUBERNETES_REGISTRY, ...used.map((name) => name.slice(0, name.indexOf('/')))])
  const hosts = [...registries].flatMap((registry) => {
    const instead = mirrors[registry] ?? mirrors._default ?? []
    return instead.length > 0 ? instead.map((url) => new URL(url).hostname) : hostsOf(registry)
  })
  return [...new Set(hosts)]
}

/** Docker's registry is not called as its images are, and has tokens given out elsewhere. Source: docs.docker.com, allowlist. */
function hostsOf(registry: string): readonly string[] {
  return registry === 'docker.io' ? ['registry-1.docker.io', 'auth.docker.io'] : [registry]
}
