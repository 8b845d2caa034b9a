import {
  NFT_TABLE,
  PROXY_CHAINS,
  PROXY_JUMPS,
  PROXY_SETS,
  type ProxyChain,
  type ProxyMode,
  SHARED_TARGET,
} from '../catalog/proxy-rules.ts'
import { quote } from '../core/quote.ts'
import { proxyModeScript } from '../facts/proxy-mode.ts'
import { IN_PROXY } from '../facts/proxy-process.ts'
import { serviceCarried } from '../facts/service-carried.ts'
import { waitUntil } from './condition.ts'
import { REMOVE_IPVS } from './virtual-servers.ts'

export interface ProxyCleanupWant {
  readonly mode: ProxyMode
  /** Address of the API server's service. */
  readonly address: string
  /** Where kube-proxy says which mode it is in. */
  readonly metricsPort: number
}

/** For kube-proxy to serve in its mode, and then for its first round to be through: only then do its chains let others go. */
const SERVES_SECONDS = 600
const LETS_GO_SECONDS = 600

export const PROXY_CLEANUP_MS = (SERVES_SECONDS + LETS_GO_SECONDS + 60) * 1000

/**
 * Shell that waits until kube-proxy serves in its new mode, and then takes away what the others left, and nothing else.
 * `kube-proxy --cleanup` would take the living rules with them, and virtual servers that are somebody else's.
 */
export function proxyCleanup({ mode, address, metricsPort }: ProxyCleanupWant): string {
  return `${IN_PROXY}
serves() { [ "$(${proxyModeScript(metricsPort)})" = ${mode} ] && find_proxy && ${serviceCarried(mode, address)}; }
${waitUntil('serves', SERVES_SECONDS, `kube-proxy serving in ${mode} mode`)}
loudly() { nsenter -t "$proxy" -m -- "$@"; }
${mode === 'ipvs' ? '' : REMOVE_IPVS}
${chainRemoval(mode)}
${waitUntil('without_chains', LETS_GO_SECONDS, 'iptables without the chains of other modes')}
${mode === 'ipvs' ? '' : REMOVE_SETS}
${mode === 'nftables' ? '' : REMOVE_TABLES}`
}

/** `iptables-restore` makes all changes of a table or none. A chain that something leads into refuses to go. */
function chainRemoval(mode: ProxyMode): string {
  const jumps = PROXY_JUMPS.filter((jump) => jump.mode !== mode).map(({ comment }) => comment)
  const jump = `^-A [A-Z]+ .*"(${jumps.join('|')})" -j ${SHARED_TARGET}$`
  const calls = (['nat', 'filter', 'mangle'] as const).flatMap((table) => {
    const names = foreignChains(mode, table)
    if (names.length === 0) return []
    return [`without "$1" ${table} ${quote(names.join('|'))} ${quote(table === 'filter' ? jump : '^$')}`]
  })
  return `without() { # $1: iptables or ip6tables, $2: table, $3: chains, $4: rules beside those that lead there
  saved=$(in_proxy "$1-save" -t "$2") || return 0
  chains=$(printf '%s\\n' "$saved" | sed -n 's/^:\\([^ ]*\\) .*/\\1/p' | grep -E -x -e "$3")
  rules=$(printf '%s\\n' "$saved" | grep -E -e "^-A .*-j ($3)$" -e "$4" | grep -v -E -e "^-A ($3) " | sed 's/^-A/-D/')
  [ -n "$chains$rules" ] || return 0
  {
    printf '*%s\\n' "$2"
    [ -z "$chains" ] || printf '%s\\n' "$chains" | sed 's/.*/:& - [0:0]/'
    [ -z "$rules" ] || printf '%s\\n' "$rules"
    [ -z "$chains" ] || printf '%s\\n' "$chains" | sed 's/^/-X /'
    printf 'COMMIT\\n'
  } | loudly "$1-restore" --noflush
}
without_both() { ${calls.join(' &&\n  ')}; }
without_chains() { without_both iptables && without_both ip6tables; }`
}

function foreignChains(mode: ProxyMode, table: ProxyChain['table']): readonly string[] {
  return PROXY_CHAINS.filter((chain) => chain.table === table && !chain.modes.includes(mode)).map(({ name }) =>
    name.replace('*', '[A-Z0-9]{16}'),
  )
}

const REMOVE_SETS = `if [ -d /sys/module/ip_set ]; then
  for set in $(in_proxy ipset list -n | grep -E -x -e ${quote(PROXY_SETS.join('|'))}); do
    loudly ipset destroy "$set" || exit 1
  done
fi`

const REMOVE_TABLES = `for family in $(in_proxy nft list tables | sed -n 's/^table \\(ip6*\\) ${NFT_TABLE}$/\\1/p'); do
  loudly nft delete table "$family" ${NFT_TABLE} || exit 1
done`
