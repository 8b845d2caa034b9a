import type { KernelUser } from '../../catalog/kernel-floors.ts'
import {
  balancerPort,
  CONTROL_PLANE,
  EVERY_NODE,
  INGRESS,
  KUBE_PROXY,
  KUBE_ROUTER,
  METALLB,
  type NodePort,
} from '../../catalog/node-ports.ts'
import type { Verify } from '../../inventory/inventory.ts'
import { takesAnyPod } from '../add-on-pod.ts'
import { imageHosts } from '../images.ts'
import { kernelModuleNames } from '../kernel.ts'
import type { Node } from '../node.ts'
import { modulesBeside, networkKernelUsers, networkPorts } from '../pod-network.ts'

/** Everything the requirements of one machine depend on. */
export interface VerifySettings {
  readonly controlPlane: boolean
  /** Minor version of Kubernetes, e.g. 36. */
  readonly kubernetesMinor: number
  readonly etcdFolder: string
  /** What asks something of the kernel. */
  readonly kernelUsers: readonly KernelUser[]
  /** Several names where one module was renamed. */
  readonly modules: readonly (readonly string[])[]
  readonly ports: readonly NodePort[]
  readonly thresholds: Verify
  /** `off`: the kernel step turns swap off. `keep`: it stays, and the kubelet is told so. */
  readonly swap: 'off' | 'keep'
  /** Names beside its own that the machine must be able to look up. */
  readonly names: readonly string[]
  readonly accept: Readonly<Record<string, string>>
  /** Measure everything anew, and watch for `cpuStealSampleSeconds`; otherwise a recorded fsync figure will do. */
  readonly measureAgain: boolean
  readonly operatorNowMs: () => number
}

/** What one node's place in the inventory makes of them. */
export function verifySettings(node: Node, { measureAgain }: { readonly measureAgain: boolean }): VerifySettings {
  const { host, inventory } = node
  const { kubernetes, network } = inventory
  const controlPlane = host.roles.includes('control-plane')
  return {
    controlPlane,
    kubernetesMinor: Number(kubernetes.version.split('.')[1]),
    etcdFolder: kubernetes.etcd.dataDir,
    kernelUsers: kernelUsers(node),
    modules: [...kernelModuleNames(node), ...BESIDE[kubernetes.kubeProxy.mode], ...modulesBeside(network)].map(
      (name) => (typeof name === 'string' ? [name] : name),
    ),
    ports: [
      ...EVERY_NODE,
      ...(controlPlane ? CONTROL_PLANE : []),
      ...(kubernetes.kubeProxy.mode === 'none' ? [] : KUBE_PROXY),
      ...networkPorts(network, inventory.hosts.length),
      ...(inventory.loadBalancer ? METALLB : []),
      ...(network.policyEngine === undefined ? [] : KUBE_ROUTER),
      ...(inventory.ingress?.exposure === 'hostPorts' && takesAnyPod(host) ? INGRESS : []),
      ...(controlPlane && kubernetes.virtualAddress ? [balancerPort(kubernetes.virtualAddress.port)] : []),
    ],
    thresholds: host.verify,
    swap: host.kernel.swap,
    names: namesToResolve(inventory),
    accept: host.accept,
    measureAgain,
    operatorNowMs: node.operatorClock,
  }
}

/** Modules that kube-proxy and its tools load by themselves, where they are there. */
const BESIDE: Readonly<
  Record<Node['inventory']['kubernetes']['kubeProxy']['mode'], readonly (string | readonly string[])[]>
> = {
  ipvs: ['ip_set', 'xt_set', 'dummy'],
  nftables: ['nf_tables'],
  // Which of the two kinds of iptables it is only shows once it runs.
  iptables: [['nft_compat', 'ip_tables']],
  none: [],
}

function kernelUsers({ inventory: { kubernetes, network } }: Node): readonly KernelUser[] {
  const users: KernelUser[] = ['kubernetes', ...networkKernelUsers(network, kubernetes.kubeProxy.mode)]
  if (kubernetes.kubeProxy.mode === 'nftables') users.push('kube-proxy nftables')
  if (kubernetes.kubeProxy.mode === 'ipvs') users.push('kube-proxy ipvs')
  return users
}

/** Hosts the files come from: none when they come through our own connection. */
function namesToResolve(inventory: Node['inventory']): readonly string[] {
  const { source } = inventory.artifacts
  if (typeof source === 'object' && 'mirror' in source) return [new URL(source.mirror).hostname]
  return source === 'release' ? ['dl.k8s.io', 'github.com', ...imageHosts(inventory)] : []
}
