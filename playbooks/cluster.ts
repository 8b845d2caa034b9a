import {
  CONTROL_PLANE_IMAGES,
  digest,
  directory,
  file,
  ignoredPreflightErrors,
  KUBERNETES_PROGRAMS,
  kubeadmFile,
  kubeadmInit,
  kubeNodeSettings,
  kubeProxyConfig,
  kubeProxyConfiguration,
  later,
  type Node,
  play,
  section,
  template,
  unit,
} from '../src/index.ts'
import { installPrograms, nodeImages, programDigests } from './artifacts.ts'

const KUBEADM_CONFIG = '/etc/kubernetes/provision/kubeadm.yaml'
const KUBELET_UNIT = '/etc/systemd/system/kubelet.service'
/** Set by kubeadm on every control plane; wrong on one that also carries workloads. */
const CONTROL_PLANE_TAINT = 'node-role.kubernetes.io/control-plane'
const NO_LOAD_BALANCER = 'node.kubernetes.io/exclude-from-external-load-balancers'
const INIT_TIMEOUT_MS = 1_500_000

/** kubeadm, kubelet, kubectl, and every image the first control plane starts: all there before anything is disrupted. */
const installKubernetes = section<Node>('Install Kubernetes', 'kubernetes', (node) => {
  const service = template('etc/systemd/system/kubelet.service')
  return [
    ...installPrograms(node, KUBERNETES_PROGRAMS),
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
    ...nodeImages(node, CONTROL_PLANE_IMAGES),
  ]
})

const startControlPlane = section<Node>('Start the control plane', 'cluster', (node) => [
  directory({ path: '/etc/kubernetes' }),
  directory({ path: '/etc/kubernetes/provision', mode: '0700' }),
  file({ path: KUBEADM_CONFIG, content: kubeadmFile(node), mode: '0600' }, { title: 'kubeadm configuration' }),
  kubeadmInit(
    {
      config: KUBEADM_CONFIG,
      version: node.inventory.kubernetes.version,
      ignorePreflightErrors: ignoredPreflightErrors(node.host.accept),
      timeoutMs: INIT_TIMEOUT_MS,
      withKubeProxy: node.inventory.kubernetes.kubeProxy.mode !== 'none',
    },
    { after: [`file:${KUBEADM_CONFIG}`] },
  ),
])

/** What kubeadm wrote once and an inventory may have changed since: compared with the living objects. */
const settleCluster = section<Node>('Settle the cluster', 'cluster', (node) => [
  ...(node.inventory.kubernetes.kubeProxy.mode === 'none'
    ? []
    : [kubeProxyConfig({ wanted: wantedProxy(node), config: KUBEADM_CONFIG }, { after: ['kubeadm:init'] })]),
  kubeNodeSettings(
    {
      name: node.name,
      labels: node.host.labels,
      taints: node.host.taints,
      without: node.host.roles.includes('worker')
        ? { labels: [NO_LOAD_BALANCER], taints: [CONTROL_PLANE_TAINT] }
        : { labels: [], taints: [] },
    },
    { after: ['kubeadm:init'] },
  ),
])

function wantedProxy(node: Node): Readonly<Record<string, unknown>> {
  const { apiVersion: _version, kind: _kind, ...wanted } = kubeProxyConfiguration(node)
  return wanted
}

export const bootstrapCluster = play<Node>('cluster', [installKubernetes, startControlPlane, settleCluster])
