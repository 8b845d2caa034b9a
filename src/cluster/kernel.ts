import type { Node } from './node.ts'
import { networkModules } from './pod-network.ts'

/**
 * Ports that daemons of a node listen on. With a local port range that reaches down to them, an outgoing connection could
 * sit on one, and the daemon would fail at its next restart.
 * Sources: kubernetes.io "Ports and Protocols"; each project's own documentation.
 */
export const RESERVED_PORTS = [
  '2379-2381', // etcd: clients, peers, metrics
  '4240', // Cilium health
  '4244', // Hubble
  '4789', // Calico VXLAN
  '5473', // Calico Typha
  '6081', // Geneve
  '6443', // kube-apiserver
  '7946', // MetalLB memberlist
  '8472', // VXLAN
  '9098-9099', // Calico: Typha, Felix
  '9120', // MetalLB metrics
  '9878-9879', // Cilium: Envoy, health
  '9962-9964', // Cilium: metrics
  '10248-10250', // kubelet, kube-proxy metrics
  '10256-10259', // kube-proxy health, scheduler, controller manager
  '17472', // MetalLB health
  '20244', // kube-router health
  '30000-32767', // NodePorts
  '51820-51821', // Flannel WireGuard
  '51871', // Cilium WireGuard
] as const

/** Kernel modules of a node; several names where one module was renamed, newest first. */
export function kernelModuleNames({ host, inventory }: Node): readonly (string | readonly [string, ...string[]])[] {
  const { kubeProxy } = inventory.kubernetes
  const ipvs = ['ip_vs', 'ip_vs_rr', 'ip_vs_wrr', 'ip_vs_sh', schedulerModule(kubeProxy.scheduler)]
  const single = [
    'overlay',
    'br_netfilter',
    ...(kubeProxy.mode === 'ipvs' ? ipvs : []),
    ...networkModules(inventory.network),
    ...(inventory.network.policyEngine === undefined ? [] : POLICY_MODULES),
    ...host.kernel.modules,
  ]
  // Renamed in Linux 4.19.
  return [['nf_conntrack', 'nf_conntrack_ipv4'], ...new Set(single)]
}

/**
 * What kube-router's firewall is made of: sets of addresses, and rules that ask for them, count, mark and tell of what they
 * drop. Source: kube-router, pkg/controllers/netpol.
 */
const POLICY_MODULES = ['ip_set', 'ip_set_hash_ip', 'ip_set_hash_net', 'xt_set', 'xt_mark', 'xt_comment'] as const

/** kube-proxy names schedulers as their modules are called. */
function schedulerModule(scheduler: string): string {
  return `ip_vs_${scheduler}`
}

/**
 * Kernel settings of a node. The last word is the inventory's. `vm.*` and `kernel.*` are what the kubelet sets by itself
 * (unless `protectKernelDefaults`): listed, so that they hold before it starts and a second run sees no difference.
 * `net.ipv4.vs.*` and `nf_conntrack_max` belong to kube-proxy and `rp_filter` to the CNI: not here.
 */
export function sysctlValues({ host, inventory }: Node): Readonly<Record<string, string>> {
  const own = Object.fromEntries(Object.entries(host.kernel.sysctl).map(([key, value]) => [key, String(value)]))
  return {
    'net.ipv4.ip_forward': '1',
    'net.bridge.bridge-nf-call-iptables': '1',
    'net.bridge.bridge-nf-call-ip6tables': '1',
    'net.ipv4.ip_local_port_range': host.kernel.localPortRange,
    'net.ipv4.ip_local_reserved_ports': RESERVED_PORTS.join(','),
    'net.ipv4.tcp_tw_reuse': '1',
    'net.ipv4.tcp_max_syn_backlog': '8192',
    // A connection over a way that swallows big packets goes on with smaller ones, instead of hanging.
    'net.ipv4.tcp_mtu_probing': '1',
    'net.core.somaxconn': '32768',
    'fs.file-max': '9223372036854775807',
    'fs.inotify.max_user_instances': '8192',
    'fs.inotify.max_user_watches': '1048576',
    'vm.overcommit_memory': '1',
    'vm.panic_on_oom': '0',
    'kernel.panic': '10',
    'kernel.panic_on_oops': '1',
    // haproxy listens on an address that another control plane may have.
    ...(inventory.kubernetes.virtualAddress && host.roles.includes('control-plane')
      ? { 'net.ipv4.ip_nonlocal_bind': '1' }
      : {}),
    ...own,
  }
}
