import { IPVS_CARD, NFT_TABLE, PROXY_JUMPS, type ProxyMode, SHARED_TARGET } from '../catalog/proxy-rules.ts'
import { type Fact, type Line, type Probe, probe } from '../core/fact.ts'
import { FactError } from '../core/fact-error.ts'
import { quote } from '../core/quote.ts'
import { IN_PROXY } from './proxy-process.ts'

export interface ProxyRulesAsk {
  /** The wanted mode: what only others leave behind is looked for, and its own is counted. */
  readonly mode: ProxyMode
  /** IPv4 address of a service with TCP port 443 that must be among the rules: the API server's. */
  readonly address: string
}

/** What kube-proxy, in whatever mode, has put into this machine's kernel. Figures are of both families of addresses. */
export interface ProxyRules {
  /** Whether the card of mode ipvs is there. */
  readonly card: boolean
  /** Sets whose names begin as kube-proxy's do; not asked where they are wanted. */
  readonly sets: readonly string[]
  /** Chains of iptables whose names begin so; those of single services and endpoints under one name, `KUBE-SVC-*`. */
  readonly chains: readonly { readonly table: string; readonly name: string; readonly count: number }[]
  /** Modes whose jumps into the chain that two modes share are there. */
  readonly jumps: readonly ProxyMode[]
  /** Rules of iptables. */
  readonly iptables: number
  /** Its tables of nftables; counted only where they are wanted. Left out where there is none. */
  readonly nft?: { readonly rules: number; readonly elements: number }
  /** Whether the wanted mode, iptables or nftables, has the service in its rules. */
  readonly carried: boolean
}

/**
 * Asked in every run, so as few programs as possible are started; they are those of kube-proxy's own image. Where no
 * kube-proxy runs, nothing but the card is known.
 */
export const proxyRules: Fact<ProxyRulesAsk, ProxyRules> = {
  name: 'proxy-rules',
  id: ({ mode }) => mode,
  script: (asks) => `${IN_PROXY}
listing() { # $1: mode
  # Asking for sets where there are none would load a module.
  if [ "$1" != ipvs ] && [ -d /sys/module/ip_set ]; then in_proxy ipset list -n; fi
  in_proxy iptables-save
  in_proxy ip6tables-save
  if [ "$1" != nftables ]; then in_proxy nft list tables; return; fi
  in_proxy nft list table ip ${NFT_TABLE}
  in_proxy nft list table ip6 ${NFT_TABLE}
}
see() { # $1: mode, $2: address
  [ ! -e /sys/class/net/${IPVS_CARD} ] || printf '%s\\tcard\\n' "$1"
  [ -z "$proxy" ] || listing "$1" | LC_ALL=C awk -v mode="$1" -v address="$2" ${quote(COUNT)}
}
find_proxy || :
${asks.map(({ mode, address }) => `see ${mode} ${quote(address)}`).join('\n')}`,
  volatile: ['card', 'set', 'chain', 'jump', 'iptables', 'nft', 'carried'],
  parse: rulesOf,
}

export function proxyRulesProbe(ask: ProxyRulesAsk): Probe<ProxyRulesAsk, ProxyRules> {
  return probe(proxyRules, ask)
}

/** awk: counts what ipset, iptables-save and nft print, in any order. */
const COUNT = `
function say(words) { printf "%s\\t%s\\n", mode, words }
/^KUBE-/ { say("set\\t" $1); next }
/^[*]/ { table = substr($0, 2); next }
/^:KUBE-/ {
  name = substr($1, 2)
  if (name ~ /^KUBE-(SVC|SVL|SEP|EXT|FW)-[A-Z0-9]+$/) {
    start = match(substr(name, 6), /-/) + 5
    if (length(name) == start + 16) name = substr(name, 1, start) "*"
  }
  chains[table "\\t" name]++
  next
}
/^-A / {
  rules++
  if (mode == "iptables" && $2 == "KUBE-SERVICES" && $4 == address "/32" && / -j KUBE-SVC-/) carried = 1
${PROXY_JUMPS.map(({ comment, mode }) => `  if (index($0, "\\"${comment}\\" -j ${SHARED_TARGET}")) jumps["${mode}"] = 1`).join('\n')}
  next
}
/^table ip6? ${NFT_TABLE}( [{])?$/ { tables = 1; next }
!tables { next }
/^\\tchain / { inside = 1; next }
/^\\t}/ { inside = 0; next }
inside && !/^\\t\\t(type|comment) / { nft++ }
/elements = [{]/ { listed = 1; elements++ }
listed {
  elements += gsub(/,/, ",")
  if (index($0, " " address " . tcp . 443 ") && /goto service-/) carried = 1
  if (/[}]/) listed = 0
}
END {
  for (name in chains) say("chain\\t" name "\\t" chains[name])
  for (name in jumps) say("jump\\t" name)
  say("iptables\\t" rules + 0)
  if (tables) say("nft\\t" nft + 0 "\\t" elements + 0)
  if (carried) say("carried")
}`

function rulesOf(lines: readonly Line[]): ProxyRules {
  const all = (kind: string) => lines.filter(([word]) => word === kind)
  const [, rules = '0'] = all('iptables')[0] ?? []
  const [nft] = all('nft')
  return {
    card: all('card').length > 0,
    sets: all('set')
      .map(([, name = '']) => name)
      .sort(),
    chains: all('chain')
      .map(([, table = '', name = '', count]) => ({ table, name, count: number(count) }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
    jumps: all('jump').map(([, mode]) => mode as ProxyMode),
    iptables: number(rules),
    ...(nft ? { nft: { rules: number(nft[1]), elements: number(nft[2]) } } : {}),
    carried: all('carried').length > 0,
  }
}

function number(text = ''): number {
  const count = Number(text)
  if (text === '' || !Number.isInteger(count))
    throw new FactError('proxy-rules', `${JSON.stringify(text)} is not a number of rules`)
  return count
}
