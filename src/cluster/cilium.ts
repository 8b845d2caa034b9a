import type { Value } from '../core/value.ts'
import type { KubeObject } from '../facts/kube-object.ts'
import { endpointHost } from '../inventory/endpoint-host.ts'
import { asStored } from './as-stored.ts'
import { ciliumMtu, type MeasuredMtu, recordedNumber } from './auto-mtu.ts'
import { configNamed, withData } from './calico.ts'
import type { HelmRelease } from './helm-chart.ts'
import { apiEndpoint } from './kubeadm.ts'
import { patchedManifest } from './manifest.ts'
import type { Node } from './node.ts'
import { rolledBy } from './pod-template.ts'
import { settledMtu } from './settled-mtu.ts'

export const CILIUM_NAMESPACE = 'kube-system'

/** Key of `cilium-config` that holds what a card takes. */
const MTU_KEY = 'mtu'

/**
 * What the chart is told. Its own default takes pods' addresses from 10.0.0.0/8; here they are those kubeadm gives each node.
 * Hubble's certificates would be new ones at every rendering: it listens on the agent's socket only, which needs none.
 */
export function ciliumRelease(node: Node): HelmRelease {
  const { kubernetes, network, hosts } = node.inventory
  const { routing, encryption, hubble, l2Announcements } = network.cilium
  return {
    name: 'cilium',
    namespace: CILIUM_NAMESPACE,
    kubernetes: kubernetes.version,
    values: {
      ...proxyValues(node),
      ipam: { mode: 'kubernetes' },
      ...(routing === 'native'
        ? { routingMode: 'native', autoDirectNodeRoutes: true, ipv4NativeRoutingCIDR: kubernetes.podSubnet }
        : { routingMode: 'tunnel', tunnelProtocol: routing }),
      encryption: encryption === 'none' ? { enabled: false } : { enabled: true, type: 'wireguard' },
      // Otherwise no ipBlock of a NetworkPolicy ever matches a node: not the API server, not a kubelet, not an ingress on the host.
      policyCIDRMatchMode: ['nodes'],
      hubble: { enabled: hubble, listenAddress: '', tls: { enabled: false } },
      l2announcements: { enabled: l2Announcements !== undefined },
      // Both would stay half pending on a single node.
      operator: { replicas: Math.min(2, hosts.length) },
      // Not `devices`: Cilium would serve NodePorts and announce addresses on no other card of a host.
      ...(network.interface === undefined ? {} : { nodePort: { directRoutingDevice: network.interface } }),
    },
  }
}

/** In kube-proxy's place it cannot reach the API server by a service address, for it is Cilium that makes those work. */
function proxyValues(node: Node): object {
  // Ports of a node that a pod takes are Cilium's own work only in kube-proxy's place. docs.cilium.io, "Portmap (HostPort)".
  if (node.inventory.kubernetes.kubeProxy.mode !== 'none')
    return { kubeProxyReplacement: false, cni: { chainingMode: 'portmap' } }
  const endpoint = apiEndpoint(node)
  const port = endpoint.slice(endpoint.lastIndexOf(':') + 1)
  return { kubeProxyReplacement: true, k8sServiceHost: endpointHost(endpoint), k8sServicePort: Number(port) }
}

/**
 * The rendered chart, with the MTU in it: what was measured is known later than the chart is rendered.
 * @throws InputError when the text is not what the chart of our version makes.
 */
export function ciliumObjects(rendered: string, mtu: number | undefined): readonly KubeObject[] {
  const written = mtu === undefined ? {} : { [MTU_KEY]: String(mtu) }
  const unpatched = patchedManifest('Cilium', rendered, {
    'ConfigMap cilium-config': withData(written),
    'DaemonSet cilium': (object) => object,
    'Deployment cilium-operator': (object) => object,
  })
  const config = JSON.stringify(configNamed('cilium-config', unpatched)?.data)
  return unpatched.map((object) => asStored(readsConfig(object) ? rolledBy(config)(object) : object))
}

/** Both read it when they start. */
function readsConfig({ kind, metadata: { name } }: KubeObject): boolean {
  return (kind === 'DaemonSet' && name === 'cilium') || (kind === 'Deployment' && name === 'cilium-operator')
}

/** The same once the living ones are seen. */
export function settledCilium(
  rendered: string,
  { network }: Node['inventory'],
  fitting?: Value<MeasuredMtu | undefined>,
) {
  return settledMtu(
    {
      name: 'Cilium',
      network,
      setting: ciliumMtu(network),
      recorded: (live) => recordedNumber(configNamed('cilium-config', live), MTU_KEY),
      objects: (mtu) => ciliumObjects(rendered, mtu),
    },
    fitting,
  )
}
