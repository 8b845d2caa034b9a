import {
  controlPlaneImages,
  decidedForKubelet,
  digest,
  file,
  ignoredPreflightErrors,
  isControlPlane,
  isFirst,
  KUBERNETES_PROGRAMS,
  kubeadmFile,
  kubeadmInit,
  kubeletBase,
  kubeletSettings,
  kubeProxyConfig,
  kubeProxyConfiguration,
  later,
  type Node,
  play,
  type Resource,
  releasesOf,
  section,
  template,
  unit,
  workerImages,
} from '../src/index.ts'
import { installPrograms, nodeImages, programDigests } from './artifacts.ts'
import { joinCluster, kubeadmFolders, letOthersIn, otherPlanes } from './join.ts'
import { networkImages } from './network.ts'
import { planeServes } from './planes.ts'

export const KUBEADM_CONFIG = '/etc/kubernetes/provision/kubeadm.yaml'
const KUBELET_UNIT = '/etc/systemd/system/kubelet.service'
const INIT_TIMEOUT_MS = 1_500_000

/** The kubelet runs with the program and the unit file that are there. */
export function kubeletService(node: Node): readonly Resource[] {
  const service = template('etc/systemd/system/kubelet.service')
  return [
    file({ path: KUBELET_UNIT, content: service }),
    later(
      'unit:kubelet.service',
      programDigests(node, ['kubelet']),
      (programs) =>
        unit(
          { name: 'kubelet.service', enabled: true, restartOn: { ...programs, unit: digest(service) } },
          { title: 'kubelet.service', after: [`file:${KUBELET_UNIT}`] },
        ),
      { title: 'kubelet.service', after: [`file:${KUBELET_UNIT}`] },
    ),
  ]
}

/** kubeadm, kubelet, kubectl, and every image this node starts: all there before anything is disrupted. */
const installKubernetes = section<Node>('Install Kubernetes', 'kubernetes', (node) => {
  const releases = releasesOf(node.inventory)
  return [
    ...installPrograms(node, KUBERNETES_PROGRAMS),
    ...kubeletService(node),
    ...nodeImages(
      node,
      withoutProxy(node, isControlPlane(node) ? controlPlaneImages(releases) : workerImages(releases)),
    ),
    // Its pod is started on whoever has joined, and a kubelet that finds no image waits longer each time. The first control plane
    // lets others in sooner without it.
    ...(isFirst(node) ? [] : networkImages(node)),
  ]
})

function withoutProxy({ inventory }: Node, images: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const { 'kube-proxy': proxy, ...others } = images
  return inventory.kubernetes.kubeProxy.mode === 'none' || proxy === undefined ? others : images
}

/** The first control plane makes the cluster, and then lets the others in. */
const startControlPlane = section<Node>('Start the control plane', 'cluster', (node) =>
  isFirst(node)
    ? [
        ...kubeadmFolders(),
        file({ path: KUBEADM_CONFIG, content: kubeadmFile(node), mode: '0600' }, { title: 'kubeadm configuration' }),
        kubeadmInit(
          {
            config: KUBEADM_CONFIG,
            version: node.inventory.kubernetes.version,
            ignorePreflightErrors: ignoredPreflightErrors(node.host.accept),
            timeoutMs: INIT_TIMEOUT_MS,
            withKubeProxy: node.inventory.kubernetes.kubeProxy.mode !== 'none',
            ...otherPlanes(node),
          },
          { after: [`file:${KUBEADM_CONFIG}`] },
        ),
        ...planeServes(node),
        ...letOthersIn(node, ['kubeadm:init']),
      ]
    : [],
)

/** What kubeadm wrote once and an inventory may have changed since: compared with the living objects. */
const settleCluster = section<Node>('Settle the cluster', 'cluster', (node) => [
  ...(isFirst(node) ? [kubeletBase({ wanted: decidedForKubelet(node) }, { after: ['kubeadm:init'] })] : []),
  kubeletSettings({ wanted: decidedForKubelet(node) }, { after: [isFirst(node) ? 'kubeadm:init' : 'kubeadm:join'] }),
  ...(isFirst(node) && node.inventory.kubernetes.kubeProxy.mode !== 'none'
    ? [kubeProxyConfig({ wanted: wantedProxy(node) }, { after: ['kubeadm:init'] })]
    : []),
])

function wantedProxy(node: Node): Readonly<Record<string, unknown>> {
  const { apiVersion: _version, kind: _kind, ...wanted } = kubeProxyConfiguration(node)
  return wanted
}

export const bootstrapCluster = play<Node>('cluster', [
  installKubernetes,
  startControlPlane,
  joinCluster,
  settleCluster,
])
