import {
  apiServiceAddress,
  condition,
  hexAddress,
  IN_PROXY,
  ipvsTable,
  isFirst,
  type Node,
  type ProxyMode,
  type ProxyRules,
  probe,
  proxyLeftovers,
  proxyMode,
  proxyModeScript,
  proxyRulesProbe,
  type Resource,
  section,
  serviceCarried,
  type VirtualServer,
  waitUntil,
} from '../src/index.ts'

const METRICS_PORT = 10249
const LIMIT_SECONDS = 600
const TIMEOUT_MS = (LIMIT_SECONDS + 60) * 1000

/** After a change of mode: what the old one has left in this node's kernel goes once the new one serves. */
export const settleProxy = section<Node>('Settle kube-proxy', 'cluster', (node) => {
  const mode = modeOf(node)
  if (mode === 'none') return []
  const want = { mode, address: apiAddress(node), metricsPort: METRICS_PORT }
  return [proxyLeftovers(want, { after: [afterWhich(node)] })]
})

/** The evidence that services are carried: asked of kube-proxy, and counted in the kernel. */
export function proxyProof(node: Node): readonly Resource[] {
  const mode = modeOf(node)
  if (mode === 'none') return []
  return [proxyRuns(node, mode), mode === 'ipvs' ? ipvsServes(node) : rulesServe(node, mode)]
}

function proxyRuns(node: Node, mode: ProxyMode): Resource {
  const asked = probe(proxyMode, METRICS_PORT)
  return condition(
    {
      name: 'kube-proxy',
      wanted: `kube-proxy runs in ${mode} mode`,
      probes: [asked],
      holds(answers) {
        const said = answers.get(asked)
        return { holds: said === mode, evidence: said ?? 'kube-proxy does not answer' }
      },
      wait: waitUntil(
        `[ "$(${proxyModeScript(METRICS_PORT)})" = ${mode} ]`,
        LIMIT_SECONDS,
        `kube-proxy in ${mode} mode`,
      ),
      timeoutMs: TIMEOUT_MS,
    },
    { after: [afterWhich(node)] },
  )
}

/** The service of the API server itself is the first entry kube-proxy makes. */
function ipvsServes(node: Node): Resource {
  const address = apiAddress(node)
  const { scheduler } = node.inventory.kubernetes.kubeProxy
  const table = probe(ipvsTable, 'table')
  const asked = proxyRulesProbe({ mode: 'ipvs', address })
  return condition(
    {
      name: 'ipvs',
      wanted: `IPVS carries the service network (${address}:443, ${scheduler})`,
      probes: [table, asked],
      holds(answers) {
        const servers = answers.get(table)
        const api = servers.find((server) => server.address === address && server.port === 443)
        if (!api) return { holds: false, evidence: `no entry for ${address}:443` }
        const evidence = `${servers.length} virtual servers; ${address}:443 has ${api.realServers} real, scheduler ${api.scheduler}`
        const holds = api.realServers > 0 && api.scheduler === scheduler
        return { holds, evidence, figures: figuresOf(answers.get(asked), servers) }
      },
      wait: waitUntil(
        `grep -q ' ${hexAddress(address)}:01BB ${scheduler}' /proc/net/ip_vs`,
        LIMIT_SECONDS,
        `an IPVS entry for ${address}:443`,
      ),
      timeoutMs: TIMEOUT_MS,
    },
    { after: [afterWhich(node)] },
  )
}

/** The same of rules: those of the API server's service lead to somebody. */
function rulesServe(node: Node, mode: ProxyMode): Resource {
  const address = apiAddress(node)
  const asked = proxyRulesProbe({ mode, address })
  const table = probe(ipvsTable, 'table')
  return condition(
    {
      name: mode,
      wanted: `${mode} carries the service network (${address}:443)`,
      probes: [asked, table],
      holds(answers) {
        const rules = answers.get(asked)
        const holds = rules.carried
        const figures = figuresOf(rules, answers.get(table))
        const counts = figures.filter(({ count }) => count > 0).map(({ name, count }) => `${count} ${name}`)
        const found = holds ? `${address}:443 is carried` : `no rule of ${mode} for ${address}:443`
        return { holds, evidence: [found, ...counts].join('; '), figures }
      },
      wait: `${IN_PROXY}
${waitUntil(`{ find_proxy && ${serviceCarried(mode, address)}; }`, LIMIT_SECONDS, `a rule of ${mode} for ${address}:443`)}`,
      timeoutMs: TIMEOUT_MS,
    },
    { after: [afterWhich(node)] },
  )
}

function figuresOf({ iptables, nft }: ProxyRules, servers: readonly VirtualServer[]) {
  return [
    { name: 'iptables rules', count: iptables },
    { name: 'nftables rules', count: nft?.rules ?? 0 },
    { name: 'nftables elements', count: nft?.elements ?? 0 },
    { name: 'IPVS virtual servers', count: servers.length },
    { name: 'IPVS real servers', count: servers.reduce((sum, { realServers }) => sum + realServers, 0) },
  ]
}

/** What kube-proxy's settings may still change behind. */
function afterWhich(node: Node): 'kube-proxy:config' | 'kubeadm:join' {
  return isFirst(node) ? 'kube-proxy:config' : 'kubeadm:join'
}

function modeOf(node: Node): ProxyMode | 'none' {
  return node.inventory.kubernetes.kubeProxy.mode
}

function apiAddress(node: Node): string {
  return apiServiceAddress(node.inventory.kubernetes.serviceSubnet)
}
