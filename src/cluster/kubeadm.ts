import { stringify } from 'yaml'
import { type JoinSecrets, TOKEN_MINUTES } from './join-secrets.ts'
import type { JoinTicket } from './join-ticket.ts'
import { kubeletConfiguration } from './kubelet-settings.ts'
import type { Node } from './node.ts'
import { IPVS_GATED_SINCE_MINOR, kubernetesMinor } from './proxy-choice.ts'

/** Socket of containerd's CRI. */
export const CRI_SOCKET = 'unix:///run/containerd/containerd.sock'

/** Port of every API server. */
export const API_PORT = 6443

/**
 * Folder of changes to what kubeadm writes. A node that joins gets the first one's kubelet settings; its own come from here.
 * https://kubernetes.io/docs/setup/production-environment/tools/kubeadm/control-plane-flags/#patches
 */
export const PATCHES = '/etc/kubernetes/provision/patches'

/** Name and value of one component flag; v1beta4 takes lists, and a name may repeat. */
interface Arg {
  readonly name: string
  readonly value: string
}

/** Fields: https://kubernetes.io/docs/reference/config-api/kubeadm-config.v1beta4/ */
export interface InitConfiguration {
  readonly apiVersion: 'kubeadm.k8s.io/v1beta4'
  readonly kind: 'InitConfiguration'
  readonly localAPIEndpoint?: Endpoint
  readonly nodeRegistration: NodeRegistration
  readonly timeouts: Readonly<Record<string, string>>
  readonly bootstrapTokens?: readonly BootstrapToken[]
  readonly certificateKey?: string
}

interface BootstrapToken {
  /** Left out, kubeadm makes one. */
  readonly token?: string
  readonly ttl: string
  readonly description: string
}

interface NodeRegistration {
  readonly name: string
  readonly criSocket: string
  readonly imagePullPolicy: 'IfNotPresent'
  readonly kubeletExtraArgs: readonly Arg[]
  /** Empty: no taint. Missing: kubeadm's default taint for control planes. */
  readonly taints?: readonly never[]
}

interface Endpoint {
  readonly advertiseAddress: string
  readonly bindPort: number
}

/** Fields: https://kubernetes.io/docs/reference/config-api/kubeadm-config.v1beta4/#kubeadm-k8s-io-v1beta4-JoinConfiguration */
export interface JoinConfiguration {
  readonly apiVersion: 'kubeadm.k8s.io/v1beta4'
  readonly kind: 'JoinConfiguration'
  readonly nodeRegistration: NodeRegistration
  readonly discovery: {
    readonly bootstrapToken: {
      readonly token: string
      readonly apiServerEndpoint: string
      readonly caCertHashes: readonly string[]
    }
  }
  readonly controlPlane?: { readonly localAPIEndpoint?: Endpoint; readonly certificateKey: string }
  readonly patches: { readonly directory: string }
  readonly timeouts: Readonly<Record<string, string>>
}

export interface ClusterConfiguration {
  readonly apiVersion: 'kubeadm.k8s.io/v1beta4'
  readonly kind: 'ClusterConfiguration'
  readonly clusterName: string
  readonly kubernetesVersion: string
  readonly controlPlaneEndpoint?: string
  readonly networking: { readonly podSubnet: string; readonly serviceSubnet: string; readonly dnsDomain: string }
  readonly apiServer: { readonly certSANs: readonly string[]; readonly extraArgs: readonly Arg[] }
  readonly controllerManager: { readonly extraArgs: readonly Arg[] }
  readonly scheduler: { readonly extraArgs: readonly Arg[] }
  readonly etcd: { readonly local: { readonly dataDir: string } }
  readonly proxy?: { readonly disabled: true }
}

/** Fields: https://kubernetes.io/docs/reference/config-api/kube-proxy-config.v1alpha1/ */
export interface KubeProxyConfiguration {
  readonly apiVersion: 'kubeproxy.config.k8s.io/v1alpha1'
  readonly kind: 'KubeProxyConfiguration'
  readonly mode: string
  readonly clusterCIDR: string
  readonly featureGates?: Readonly<Record<string, boolean>>
  readonly ipvs?: Readonly<Record<string, string | boolean>>
}

const PROFILING_OFF: Arg = { name: 'profiling', value: 'false' }

/** `kubeadm init` always makes a token, which nobody is told, and of itself gives it a day. Who joins is given another one. */
const UNUSED_TOKEN: BootstrapToken = { ttl: '1m0s', description: 'made by kubeadm init, used by nobody' }

export function initConfiguration(node: Node): InitConfiguration {
  return {
    apiVersion: 'kubeadm.k8s.io/v1beta4',
    kind: 'InitConfiguration',
    ...localEndpoint(node),
    bootstrapTokens: [UNUSED_TOKEN],
    nodeRegistration: nodeRegistration(node),
    timeouts: timeoutsOf(node),
  }
}

function localEndpoint({ address }: Node): { readonly localAPIEndpoint?: Endpoint } {
  return address === undefined ? {} : { localAPIEndpoint: { advertiseAddress: address, bindPort: API_PORT } }
}

function nodeRegistration({ name, address, host }: Node): NodeRegistration {
  const schedulable = host.roles.includes('worker') && host.roles.includes('control-plane')
  return {
    name,
    criSocket: CRI_SOCKET,
    imagePullPolicy: 'IfNotPresent',
    kubeletExtraArgs: address === undefined ? [] : [{ name: 'node-ip', value: address }],
    ...(schedulable ? { taints: [] } : {}),
  }
}

function timeoutsOf({ inventory }: Node): Readonly<Record<string, string>> {
  return inventory.kubernetes.timeouts as Readonly<Record<string, string>>
}

/** What a further node is told. The file holds the token: secret, and of no use once it has expired. */
export function joinConfiguration(
  node: Node,
  { token, certificateKey }: JoinSecrets,
  { caPin }: JoinTicket,
): JoinConfiguration {
  const controlPlane = { ...localEndpoint(node), certificateKey }
  return {
    apiVersion: 'kubeadm.k8s.io/v1beta4',
    kind: 'JoinConfiguration',
    nodeRegistration: nodeRegistration(node),
    discovery: { bootstrapToken: { token, apiServerEndpoint: apiEndpoint(node), caCertHashes: [caPin] } },
    ...(node.host.roles.includes('control-plane') ? { controlPlane } : {}),
    patches: { directory: PATCHES },
    timeouts: timeoutsOf(node),
  }
}

/** `HOST:PORT` by which everybody reaches the API server. */
export function apiEndpoint({ inventory, membership }: Node): string {
  return inventory.kubernetes.controlPlaneEndpoint ?? `${membership.first.address}:${API_PORT}`
}

export function clusterConfiguration({ inventory }: Node): ClusterConfiguration {
  const { version, podSubnet, serviceSubnet, dnsDomain, controlPlaneEndpoint, certSANs, etcd, kubeProxy } =
    inventory.kubernetes
  return {
    apiVersion: 'kubeadm.k8s.io/v1beta4',
    kind: 'ClusterConfiguration',
    clusterName: inventory.name,
    kubernetesVersion: `v${version}`,
    ...(controlPlaneEndpoint === undefined ? {} : { controlPlaneEndpoint }),
    networking: { podSubnet, serviceSubnet, dnsDomain },
    apiServer: { certSANs, extraArgs: [PROFILING_OFF] },
    controllerManager: { extraArgs: [PROFILING_OFF] },
    scheduler: { extraArgs: [PROFILING_OFF] },
    etcd: { local: { dataDir: etcd.dataDir } },
    ...(kubeProxy.mode === 'none' ? { proxy: { disabled: true as const } } : {}),
  }
}

export function kubeProxyConfiguration({ inventory }: Node): KubeProxyConfiguration {
  const { mode, scheduler, strictARP, tcpTimeout, tcpFinTimeout, udpTimeout } = inventory.kubernetes.kubeProxy
  const timeouts = Object.entries({ tcpTimeout, tcpFinTimeout, udpTimeout }).filter(([, value]) => value !== undefined)
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode,
    clusterCIDR: inventory.kubernetes.podSubnet,
    ...(mode === 'ipvs' && kubernetesMinor(inventory) >= IPVS_GATED_SINCE_MINOR
      ? { featureGates: { KubeProxyIPVS: true } }
      : {}),
    ...(mode === 'ipvs'
      ? { ipvs: { scheduler, strictARP, ...(Object.fromEntries(timeouts) as Record<string, string>) } }
      : {}),
  }
}

/** The file for `kubeadm init --config`: all four documents. */
export function kubeadmFile(node: Node): string {
  return documents(node, initConfiguration(node))
}

/** The same with the right to join in it, for the moment in which it is handed out. Secret. */
export function ticketFile(node: Node, { token, certificateKey }: JoinSecrets): string {
  const bootstrapTokens = [{ token, ttl: `${TOKEN_MINUTES}m0s`, description: 'provision up: nodes that join' }]
  return documents(node, { ...initConfiguration(node), bootstrapTokens, certificateKey })
}

function documents(node: Node, first: InitConfiguration): string {
  const all = [first, clusterConfiguration(node), kubeletConfiguration(node), kubeProxyConfiguration(node)]
  return all.map((document) => `---\n${stringify(document)}`).join('')
}

/** kubeadm's own checks that an accepted requirement of ours stands for. */
const PREFLIGHT_OF: Readonly<Record<string, readonly string[]>> = {
  'cpu-count': ['NumCPU'],
  memory: ['Mem'],
  swap: ['Swap'],
  'kernel-config': ['SystemVerification'],
  cgroup: ['SystemVerification'],
}

/** Names for `--ignore-preflight-errors`: exactly what the operator accepted, never `all`. */
export function ignoredPreflightErrors(accept: Readonly<Record<string, string>>): readonly string[] {
  return [...new Set(Object.keys(accept).flatMap((id) => PREFLIGHT_OF[id] ?? []))]
}

/** Address of the cluster's DNS service: the tenth of the service subnet, by kubeadm's convention. IPv4. */
export function dnsServiceAddress(serviceSubnet: string): string {
  return nthAddress(serviceSubnet, 10)
}

/** Address of the `kubernetes` service: the first of the service subnet. IPv4. */
export function apiServiceAddress(serviceSubnet: string): string {
  return nthAddress(serviceSubnet, 1)
}

function nthAddress(subnet: string, n: number): string {
  const [base = ''] = subnet.split('/')
  const number = base.split('.').reduce((sum, part) => sum * 256 + Number(part), 0) + n
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.')
}
