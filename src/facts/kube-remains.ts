import { type Fact, probe } from '../core/fact.ts'

/**
 * What Kubernetes leaves in a running kernel: processes of pods and of their shims, mounts below its folders, network links,
 * IPVS services, chains and sets of kube-proxy and the network, and what that has pinned of BPF.
 */
export type RemainsAsk = 'pods' | 'shims' | 'mounts' | 'links' | 'ipvs' | 'rules' | 'pins'

/** Links that kube-proxy and the networks make; cilium_net goes with cilium_host. Pods' own ends go with the pods. */
export const KUBE_LINKS = [
  'cni0',
  'flannel.1',
  'flannel-v6.1',
  'flannel-wg',
  'flannel-wg-v6',
  'vxlan.calico',
  'cilium_vxlan',
  'cilium_geneve',
  'cilium_wg0',
  'cilium_host',
  'kube-ipvs0',
] as const

/** Chains, sets and tables that kube-proxy, the kubelet, CNI plugins and the networks name so. */
export const KUBE_CHAINS = 'KUBE-|CNI-|FLANNEL-|cali-|CILIUM_'
export const KUBE_TABLES = 'kube-proxy|flannel-ipv4|flannel-ipv6|calico|cni_hostport'

/** Processes in the cgroups of pods, whatever the cgroup driver; those of a cluster inside of a container are not among them. */
const POD_GROUPS = '/sys/fs/cgroup/kubepods* /sys/fs/cgroup/*/kubepods*'

/**
 * What Cilium pins: a map or a program lives for as long as its file does. Source: github.com/cilium/cilium, pkg/bpf (`CiliumPath`,
 * `TCGlobalsPath`) below `bpf-root` of its chart.
 */
const PINS = '/sys/fs/bpf/cilium /sys/fs/bpf/tc/globals/cilium_*'

/**
 * Shell functions that print what remains, a word or path a line: `pod_pids`, `shim_pids`, `kube_mounts` (deepest first;
 * the networks' own views of the cgroups too), `kube_rules`, `kube_pins`. They only read.
 */
export const KUBE_REMAINS = `pod_pids() {
  for group in ${POD_GROUPS}; do
    [ ! -d "$group" ] || find "$group" -name cgroup.procs -exec cat {} + 2>/dev/null
  done | sort -u
}
shim_pids() {
  for exe in /proc/[0-9]*/exe; do
    case $(readlink "$exe" 2>/dev/null) in */containerd-shim-runc-v2 | */containerd-shim-runc-v2' (deleted)')
      exe=\${exe%/exe}; printf '%s\\n' "\${exe#/proc/}" ;;
    esac
  done
}
kube_mounts() {
  cut -d ' ' -f 5 /proc/self/mountinfo |
  grep -E '^(/var/lib/kubelet/|/run/containerd/|/var/lib/containerd/|/run/netns/cni-|/run/cilium/cgroupv2$|/run/calico/cgroup$)' | LC_ALL=C sort -r
}
kube_pins() {
  for pin in ${PINS}; do [ ! -e "$pin" ] || printf '%s\\n' "$pin"; done
}
kube_rules() {
  for save in iptables-save ip6tables-save; do
    ! command -v $save >/dev/null || $save 2>/dev/null | sed -n -E "s/^:((${KUBE_CHAINS})[^ ]*) .*/$save \\1/p"
  done
  ! command -v nft >/dev/null || nft list tables 2>/dev/null | sed -n -E 's/^table ([a-z0-9]+ (${KUBE_TABLES}))$/nft \\1/p'
  ! command -v ipset >/dev/null || ipset list -n 2>/dev/null | sed -n -E 's/^(KUBE-|cali[46]0)/ipset &/p'
}`

/** A line for each thing that remains. Counts of processes move by themselves, so guards do not compare them. */
const kubeRemains: Fact<RemainsAsk, readonly string[]> = {
  name: 'kube-remains',
  id: (ask) => ask,
  script: (asks) => `export PATH="/usr/sbin:/sbin:$PATH"
${KUBE_REMAINS}
show() { while IFS= read -r line; do printf '%s\\tis\\t%s\\n' "$1" "$line"; done; }
${asks.map((ask) => `{ ${SCRIPTS[ask]}; } | show ${ask}`).join('\n')}
:`,
  volatile: ['is'],
  parse: (lines) => lines.map(([, what = '']) => what),
}

const SCRIPTS: Readonly<Record<RemainsAsk, string>> = {
  pods: 'pod_pids',
  shims: 'shim_pids',
  mounts: 'kube_mounts',
  links: `for link in ${KUBE_LINKS.join(' ')}; do [ ! -e "/sys/class/net/$link" ] || printf '%s\\n' "$link"; done`,
  ipvs: `grep -E '^(TCP|UDP|SCTP|FWM) ' /proc/net/ip_vs 2>/dev/null || :`,
  rules: 'kube_rules',
  pins: 'kube_pins',
}

export function remainsProbe(ask: RemainsAsk) {
  return probe(kubeRemains, ask)
}
