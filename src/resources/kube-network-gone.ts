import type { Change } from '../core/change.ts'
import { type Resource, type ResourceOptions, type ResourceType, resource } from '../core/resource.ts'
import { KUBE_CHAINS, KUBE_LINKS, KUBE_REMAINS, KUBE_TABLES, remainsProbe } from '../facts/kube-remains.ts'

interface Have {
  readonly links: readonly string[]
  readonly services: number
  readonly rules: number
  readonly pins: number
}

/**
 * Nothing of kube-proxy and the pod network in the kernel. Chains, sets and tables are taken by name, and rules only where they
 * lead to one of these: whatever else filters here stays, the host's own links and routes too.
 */
const kubeNetworkGoneType: ResourceType<void, Have> = {
  name: 'kube-network-gone',
  key: () => 'kube-network:gone',
  paths: () => [],
  probes: () => [remainsProbe('links'), remainsProbe('ipvs'), remainsProbe('rules'), remainsProbe('pins')],
  guards: () => [],
  observe(_want, answers) {
    const links = answers.get(remainsProbe('links'))
    // Without kube-proxy's link they are somebody else's.
    const services = links.includes('kube-ipvs0') ? answers.get(remainsProbe('ipvs')).length : 0
    const [rules, pins] = [answers.get(remainsProbe('rules')), answers.get(remainsProbe('pins'))]
    return { links, services, rules: rules.length, pins: pins.length }
  },
  diff: (_want, { links, services, rules, pins }): readonly Change[] => [
    ...links.map((link) => ({ what: `link ${link}`, from: 'there', to: 'absent' })),
    ...(services === 0 ? [] : [{ what: 'IPVS services', from: String(services), to: 'none' }]),
    ...(rules === 0 ? [] : [{ what: 'chains, sets and tables', from: String(rules), to: 'none' }]),
    ...(pins === 0 ? [] : [{ what: 'pinned BPF maps and programs', from: String(pins), to: 'none' }]),
  ],
  steps: (want, have) =>
    kubeNetworkGoneType.diff(want, have).length === 0
      ? []
      : [{ title: 'take the pod network out of the kernel', body: SCRIPT, timeoutMs: 300_000 }],
  evidence: () => 'no links, no services, no chains, nothing pinned',
}

export function kubeNetworkGone(options: ResourceOptions = {}): Resource {
  return resource(kubeNetworkGoneType, undefined, { title: 'pod network in the kernel', ...options })
}

/** Prints what `iptables-restore --noflush` needs to take our chains away: emptied, no longer called, removed. */
export const CHAINS_AWAY = `chains_away() {
  table='' chains='' rules='' nl='
'
  grep -E '^(\\*|COMMIT|:(${KUBE_CHAINS})|-A .* -[jg] (${KUBE_CHAINS}))' | while IFS= read -r line; do
    case $line in
      '*'*) table=$line chains='' rules='' ;;
      :*) name=\${line#:} chains="$chains\${name%% *}$nl" ;;
      '-A KUBE-'* | '-A CNI-'* | '-A FLANNEL-'* | '-A cali-'* | '-A CILIUM_'*) ;;
      '-A '*) rules="$rules-D \${line#-A }$nl" ;;
      COMMIT)
        [ -n "$chains" ] || continue
        printf '%s\\n' "$table"
        for chain in $chains; do printf ':%s - [0:0]\\n' "$chain"; done
        printf '%s' "$rules"
        for chain in $chains; do printf -- '-X %s\\n' "$chain"; done
        printf 'COMMIT\\n' ;;
    esac
  done
}`

/** Many hosts have no ipvsadm and no iptables; the image of kube-proxy has both, and it cleans up after itself. */
const CLEAN_BY_KUBE_PROXY = `services() { grep -q -E '^(TCP|UDP|SCTP|FWM) ' /proc/net/ip_vs 2>/dev/null; }
ours() { [ -e /sys/class/net/kube-ipvs0 ]; }
wanted() { ours || { ! services && ! command -v iptables-save >/dev/null; }; }
if wanted && command -v ctr >/dev/null && [ -S /run/containerd/containerd.sock ]; then
  image=$(ctr -n k8s.io images list -q 2>/dev/null | grep -E '/kube-proxy:v' | head -n 1)
  if [ -n "$image" ]; then
    ctr -n k8s.io containers delete provision-cleanup >/dev/null 2>&1
    ctr -n k8s.io run --rm --net-host --privileged --mount type=bind,src=/lib/modules,dst=/lib/modules,options=rbind:ro \\
      "$image" provision-cleanup /usr/local/bin/kube-proxy --cleanup >/dev/null 2>&1 </dev/null || :
  fi
fi`

const SCRIPT = `export PATH="/usr/local/sbin:/usr/local/bin:/usr/sbin:/sbin:$PATH"
${KUBE_REMAINS}
${CHAINS_AWAY}
${CLEAN_BY_KUBE_PROXY}
for kind in iptables ip6tables; do
  command -v $kind-save >/dev/null && command -v $kind-restore >/dev/null || continue
  away=$($kind-save 2>/dev/null | chains_away)
  [ -z "$away" ] || printf '%s\\n' "$away" | $kind-restore --noflush || exit 1
done
if command -v nft >/dev/null; then
  nft list tables 2>/dev/null | sed -n -E 's/^table ([a-z0-9]+ (${KUBE_TABLES}))$/delete table \\1/p' | nft -f - || exit 1
fi
if ours && services; then
  command -v ipvsadm >/dev/null || { printf '%s\\n' 'IPVS services are left, and there is no ipvsadm: install it, or restart the machine'; exit 1; }
  ipvsadm -C || exit 1
fi
if command -v ipset >/dev/null; then
  for set in $(ipset list -n 2>/dev/null | grep -E '^(KUBE-|cali[46]0)'); do ipset destroy "$set" || exit 1; done
fi
for pin in $(kube_pins); do rm -rf -- "$pin" || exit 1; done
# Last of all: without kube-proxy's link nobody could tell whose the services are.
for link in ${KUBE_LINKS.join(' ')}; do
  [ ! -e "/sys/class/net/$link" ] || ip link delete "$link" || exit 1
done`
