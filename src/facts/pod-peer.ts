import { quote } from '../core/quote.ts'
import { peerProgram } from './peer-dialogue.ts'
import { proxyModeScript } from './proxy-mode.ts'
import { IN_PROXY } from './proxy-process.ts'

const PROXY_METRICS_PORT = 10249
/** Until kube-proxy has heard of new endpoints; on a node that is well it takes two. */
const RULES_SECONDS = 120

/**
 * Shell that speaks as a peer from inside the network of a pod: its processes are known by the pod's id in their cgroup, whatever
 * the runtime. Answers `nopod` or `nonsenter` where it cannot.
 */
export function podPeerScript(uid: string): string {
  const underscored = uid.replaceAll('-', '_')
  return `mark pod
export provision_nonce
pid=$(grep -l -s -F -e ${quote(uid)} -e ${quote(underscored)} /proc/[0-9]*/cgroup | head -n 1)
pid=\${pid#/proc/} pid=\${pid%/cgroup}
if [ -z "$pid" ]; then printf 'nopod\\n'; exit 0; fi
if ! command -v nsenter >/dev/null 2>&1; then printf 'nonsenter\\n'; exit 0; fi
set -- exec nsenter "--net=/proc/$pid/ns/net"
${peerProgram}`
}

const LOOP_BACK_RULE = `in_proxy iptables-save -t nat | grep -q -e '--match-set KUBE-LOOP-BACK'`

/**
 * Shell that defines `whole`: all of the Service's rules are there. Where kube-proxy writes them in one go (iptables, nftables),
 * its endpoints tell. In ipvs mode they come into the kernel first, then the sets by which a node and a pod that reaches itself
 * are masqueraded, then the rules that ask for these sets: seconds later on a busy machine. Names as of Kubernetes 1.36,
 * pkg/proxy/ipvs/ipset.go.
 */
function wholeFunction({ address, port, endpoints, mode, pod }: ServedService): string {
  const isIn = (set: string, entry: string) => `in_proxy ipset -q test ${set} ${quote(entry)} >/dev/null`
  const flow = `${address},tcp:${port}`
  // The rule that asks for KUBE-LOOP-BACK is made only where there is something in it.
  const ownPod = pod === undefined ? [] : [isIn('KUBE-LOOP-BACK', `${pod},tcp:${port},${pod}`), LOOP_BACK_RULE]
  const sets = [isIn('KUBE-CLUSTER-IP', flow), ...ownPod]
  return `whole() {
[ "$(rules | grep -c '^rule.*:')" -ge ${endpoints} ] || return 1
${mode === 'ipvs' ? `find_proxy && ${sets.join(' && ')}` : ':'}
}`
}

/** A Service whose rules are looked for in the kernel. */
export interface ServedService {
  readonly namespace: string
  readonly name: string
  readonly address: string
  readonly port: number
  /** How many endpoints it has. */
  readonly endpoints: number
  /** How kube-proxy is to work. */
  readonly mode: 'ipvs' | 'nftables' | 'iptables' | 'none'
  /** Address of its pod on this node. */
  readonly pod?: string
}

/**
 * Shell that speaks as a peer from the node itself, and then tells what kube-proxy made of a Service: `forward 0|1`, `proxy MODE`,
 * `rule ADDRESS:PORT` for each endpoint the kernel knows (IPVS writes them in hexadecimal), `rules unseen` where it cannot be told.
 */
export function nodePeerScript(service: ServedService): string {
  return `mark node
export provision_nonce
read -r forward </proc/sys/net/ipv4/ip_forward
printf 'forward\\t%s\\n' "$forward"
${rulesFunction(service)}
${IN_PROXY}
${wholeFunction(service)}
# By the clock: on a busy machine each look takes a while. Where rules cannot be seen, a little while must do.
limit=${service.mode === 'none' ? 0 : RULES_SECONDS}
case $(rules </dev/null) in *unseen*) limit=$((limit / 6)) ;; esac
begun=$(date +%s)
mode=$({ ${proxyModeScript(PROXY_METRICS_PORT)}; } </dev/null)
until [ -n "$mode" ] && whole </dev/null; do
[ $(($(date +%s) - begun)) -lt "$limit" ] || break
sleep 1
[ -n "$mode" ] || mode=$({ ${proxyModeScript(PROXY_METRICS_PORT)}; } </dev/null)
done
printf 'proxy\t%s\n' "$mode"
set -- command
( ${peerProgram}
)
rules </dev/null
`
}

function rulesFunction({ namespace, name, address, port, mode }: ServedService): string {
  const entry = `TCP ${hexAddress(address)}:${port.toString(16).padStart(4, '0').toUpperCase()}`
  return `rules() {
case ${mode} in
ipvs)
ours=
while read -r word first rest; do
case $word in
TCP|UDP|SCTP|FWM) ours=; [ "$word $first" != ${quote(entry)} ] || ours=1 ;;
'->') [ -z "$ours" ] || printf 'rule\\t%s\\n' "$first" ;;
esac
done </proc/net/ip_vs ;;
iptables)
if ! command -v iptables-save >/dev/null 2>&1; then printf 'rules\\tunseen\\tthere is no iptables-save\\n'; return; fi
iptables-save -t nat | grep -F -e ${quote(`${namespace}/${name}:tcp`)} | grep -o -e '--to-destination [0-9.:]*' | while read -r option to; do printf 'rule\\t%s\\n' "$to"; done ;;
nftables)
if ! command -v nft >/dev/null 2>&1; then printf 'rules\\tunseen\\tthere is no nft\\n'; return; fi
nft list table ip kube-proxy | grep -o -e ${quote(`chain endpoint-[A-Z0-9]*-${namespace}/${name}/tcp/tcp__[0-9.]*/[0-9]*`)} | while read -r chain; do to=\${chain##*__}; printf 'rule\\t%s\\n' "\${to%/*}:\${to##*/}"; done ;;
*) printf 'rules\\tunseen\\tthere is no kube-proxy\\n' ;;
esac
}`
}

/** /proc/net/ip_vs writes addresses as eight hexadecimal digits. */
function hexAddress(address: string): string {
  return Buffer.from(address.split('.').map(Number)).toString('hex').toUpperCase()
}

/** What a node said of itself. */
export interface NodeSaid {
  readonly forwards: boolean | undefined
  /** Empty when kube-proxy does not answer. */
  readonly proxyMode: string
  /** `address:port` of each endpoint the kernel has a rule for; why they could not be seen. */
  readonly rules: ReadonlySet<string> | { readonly unseen: string }
}

export function readNodeSaid(text: string): NodeSaid {
  const lines = text.split('\n').map((line) => line.split('\t'))
  const field = (word: string) => lines.find(([first]) => first === word)?.[1]
  const unseen = lines.find(([first, second]) => first === 'rules' && second === 'unseen')?.[2]
  const rules = lines.flatMap(([first, to = '']) => (first === 'rule' ? [plainAddress(to)] : []))
  const forward = field('forward')
  return {
    forwards: forward === undefined ? undefined : forward === '1',
    proxyMode: field('proxy') ?? '',
    rules: unseen === undefined ? new Set(rules) : { unseen },
  }
}

function plainAddress(text: string): string {
  const [, address, port] = /^([0-9A-F]{8}):([0-9A-F]{4})$/.exec(text) ?? []
  if (address === undefined || port === undefined) return text
  return `${[...Buffer.from(address, 'hex')].join('.')}:${Number.parseInt(port, 16)}`
}
