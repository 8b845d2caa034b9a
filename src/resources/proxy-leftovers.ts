import { chainModes, IPVS_CARD, NFT_TABLE, PROXY_SETS, type ProxyMode } from '../catalog/proxy-rules.ts'
import type { Change } from '../core/change.ts'
import { type Resource, type ResourceOptions, type ResourceType, resource } from '../core/resource.ts'
import { type ProxyRules, proxyRulesProbe } from '../facts/proxy-rules.ts'
import { PROXY_CLEANUP_MS, type ProxyCleanupWant, proxyCleanup } from './proxy-cleanup.ts'

/**
 * What is in the kernel of other modes than the wanted one. Right after a change of mode that is the living one: it is taken
 * away once kube-proxy serves in the new mode, which the step waits for. Being cut off anywhere leaves no more than what the
 * next look sees.
 */
const proxyLeftoversType: ResourceType<ProxyCleanupWant, readonly Change[]> = {
  name: 'proxy-leftovers',
  key: () => 'kube-proxy:leftovers',
  probes: (want) => [proxyRulesProbe(want)],
  // Services come and go, and kube-proxy takes away a part by itself: the step looks for what is there.
  guards: () => [],
  observe: (want, answers) => leftoversOf(want.mode, answers.get(proxyRulesProbe(want))),
  diff: (_want, have) => have,
  steps: (want, have) =>
    have.length === 0
      ? []
      : [{ title: 'remove what other modes have left', body: proxyCleanup(want), timeoutMs: PROXY_CLEANUP_MS }],
  evidence: () => 'nothing of other modes',
}

export function proxyLeftovers(want: ProxyCleanupWant, options: ResourceOptions = {}): Resource {
  return resource(proxyLeftoversType, want, { title: 'rules of other kube-proxy modes', ...options })
}

/**
 * kube-proxy itself takes some of it away when it starts: iptables and IPVS before mode nftables, and the tables of nftables
 * before the other two; between iptables and ipvs it leaves everything.
 * Source: k8s.io/kubernetes v1.36.3, cmd/kube-proxy/app/server_linux.go, platformCleanup.
 */
export function leftoversOf(mode: ProxyMode, { card, sets, chains, jumps, nft }: ProxyRules): readonly Change[] {
  const foreign = chains.filter(({ table, name }) => {
    const modes = chainModes(table, name)
    return modes.length > 0 && !modes.includes(mode)
  })
  const own = sets.filter((name) => PROXY_SETS.includes(name))
  return [
    ...(mode !== 'ipvs' && card ? [gone('IPVS', `${IPVS_CARD} and the virtual servers on it`, ENDS)] : []),
    ...(foreign.length > 0 || jumps.some((jump) => jump !== mode) ? [gone('iptables', chainsText(foreign))] : []),
    ...(mode !== 'ipvs' && own.length > 0 ? [gone('sets', some(own))] : []),
    ...(mode !== 'nftables' && nft ? [gone('nftables', `table ${NFT_TABLE}`)] : []),
  ]
}

const ENDS = 'connections that go through IPVS begin anew'

function gone(what: string, from: string, disrupts?: string): Change {
  return { what, from, to: 'none', ...(disrupts === undefined ? {} : { disrupts }) }
}

function chainsText(chains: ProxyRules['chains']): string {
  if (chains.length === 0) return 'jumps of another mode'
  const total = chains.reduce((sum, { count }) => sum + count, 0)
  return `${total} chains: ${some([...new Set(chains.map(({ name }) => name))])}`
}

const SHOWN = 4

function some(names: readonly string[]): string {
  return names.length <= SHOWN
    ? names.join(', ')
    : `${names.slice(0, SHOWN).join(', ')} and ${names.length - SHOWN} more`
}
