import {
  apiServiceAddress,
  clusterDns,
  condition,
  dnsQueryScript,
  dnsServiceAddress,
  ipvsTable,
  isFirst,
  type Node,
  probe,
  proxyMode,
  proxyModeScript,
  type Resource,
  section,
  waitUntil,
} from '../src/index.ts'

const PROXY_METRICS_PORT = 10249
const LIMIT_SECONDS = 600

/** Evidence that it works: read from the kernel, from kube-proxy, and by asking CoreDNS the way a pod would. */
export const proveCluster = section<Node>('Prove', 'prove', (node) => [
  ...(node.inventory.kubernetes.kubeProxy.mode === 'none' ? [] : [proxyRuns(node)]),
  ...(node.inventory.kubernetes.kubeProxy.mode === 'ipvs' ? [ipvsServes(node)] : []),
  dnsAnswers(node),
])

function proxyRuns(node: Node): Resource {
  const { inventory } = node
  const { mode } = inventory.kubernetes.kubeProxy
  const asked = probe(proxyMode, PROXY_METRICS_PORT)
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
        `[ "$(${proxyModeScript(PROXY_METRICS_PORT)})" = ${mode} ]`,
        LIMIT_SECONDS,
        `kube-proxy in ${mode} mode`,
      ),
      timeoutMs: (LIMIT_SECONDS + 60) * 1000,
    },
    { after: [afterWhich(node)] },
  )
}

/** What kube-proxy's settings may still change behind. */
function afterWhich(node: Node): 'kube-proxy:config' | 'kubeadm:join' {
  return isFirst(node) ? 'kube-proxy:config' : 'kubeadm:join'
}

/** The service of the API server itself is the first entry kube-proxy makes. */
function ipvsServes(node: Node): Resource {
  const { inventory } = node
  const address = apiServiceAddress(inventory.kubernetes.serviceSubnet)
  const { scheduler } = inventory.kubernetes.kubeProxy
  const table = probe(ipvsTable, 'table')
  return condition(
    {
      name: 'ipvs',
      wanted: `IPVS carries the service network (${address}:443, ${scheduler})`,
      probes: [table],
      holds(answers) {
        const servers = answers.get(table)
        const api = servers.find((server) => server.address === address && server.port === 443)
        if (!api) return { holds: false, evidence: `no entry for ${address}:443` }
        const evidence = `${servers.length} virtual servers; ${address}:443 has ${api.realServers} real, scheduler ${api.scheduler}`
        return { holds: api.realServers > 0 && api.scheduler === scheduler, evidence }
      },
      wait: waitUntil(
        `grep -q ' ${hexAddress(address)}:01BB ${scheduler}' /proc/net/ip_vs`,
        LIMIT_SECONDS,
        `an IPVS entry for ${address}:443`,
      ),
      timeoutMs: (LIMIT_SECONDS + 60) * 1000,
    },
    { after: [afterWhich(node)] },
  )
}

/** /proc/net/ip_vs writes addresses as eight hexadecimal digits. */
function hexAddress(address: string): string {
  return address
    .split('.')
    .map((part) => Number(part).toString(16).padStart(2, '0'))
    .join('')
    .toUpperCase()
}

function dnsAnswers(node: Node): Resource {
  const { inventory } = node
  const { serviceSubnet, dnsDomain } = inventory.kubernetes
  const server = dnsServiceAddress(serviceSubnet)
  const name = `kubernetes.default.svc.${dnsDomain}`
  const asked = probe(clusterDns, { server, name })
  return condition(
    {
      name: 'cluster-dns',
      wanted: `CoreDNS answers over ${server}`,
      probes: [asked],
      holds(answers) {
        const answer = answers.get(asked)
        if (answer.state === 'silent') return { holds: false, evidence: `${server} does not answer` }
        const holds = answer.code === 0 && answer.addresses.includes(apiServiceAddress(serviceSubnet))
        return {
          holds,
          evidence: holds ? `${name} is ${answer.addresses.join(', ')}` : `${name}: response code ${answer.code}`,
        }
      },
      wait: waitUntil(dnsQueryScript({ server, name }), LIMIT_SECONDS, `an answer from ${server}`),
      timeoutMs: (LIMIT_SECONDS + 60) * 1000,
    },
    { after: [`condition:node-${node.name}`] },
  )
}
