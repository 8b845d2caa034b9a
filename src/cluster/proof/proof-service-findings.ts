import { type Asked, namesSomething, speaksTls } from '../../facts/question.ts'
import { listed, type PeerFinding } from '../peer-reach.ts'
import type { ProofAround } from './proof-around.ts'
import { PROOF_PORT } from './proof-policy.ts'
import type { Answers } from './proof-seen.ts'

/** Share of questions to DNS that may be lost: more, and every resolver waits for seconds now and then. */
const DNS_LOST = 0.05
/** More than this is not bad luck, or a busy machine. */
const MANY_LOST = 0.2

/** Services, as pods on one node and that node itself meet them. */
export function serviceFindings(around: ProofAround): readonly PeerFinding[] {
  const { host, seen } = around
  const inPod = host.missing === undefined && seen.endpoints.has(host.host)
  const onNode = host.nodeMissing === undefined
  return [
    ...(inPod ? [servedFinding('pod-services', around), dnsFinding(around), apiFinding(around)] : []),
    ...(onNode ? [servedFinding('node-services', around), ...rulesFinding(around)] : []),
    ...balancerFinding(around),
  ]
}

function servedFinding(id: 'pod-services' | 'node-services', around: ProofAround): PeerFinding {
  const { host, seen } = around
  const isPod = id === 'pod-services'
  const who = isPod ? `pods on ${host.host}` : host.host
  const { hits, failed } = (isPod ? host.fromPod : host.fromNode).service
  const total = [...hits.values()].reduce((n, times) => n + times, failed.length)
  const base = { id, threshold: 'every connection to a Service is answered, by each of its pods' } as const
  if (failed.length === 0 && total > 0) {
    const evidence = `${total} connections, answered by the pods of ${hits.size} of ${seen.endpoints.size} nodes`
    return { ...base, severity: 'required', met: true, evidence }
  }
  const unheard = [...seen.endpoints.keys()].filter((node) => !hits.has(node))
  const states = [...Map.groupBy(failed, ({ state }) => state)].map(([state, some]) => `${some.length} ${state}`)
  const evidence = `${who} → the Service: ${total - failed.length} of ${total} connections answered (${states.join(', ') || 'none tried'})${unheard.length === 0 ? '' : `; never by the pods of ${named(unheard)}`}`
  const { cause, unexplained } = causeOf(around, unheard)
  if (cause !== undefined && unexplained.length === 0)
    return { ...base, severity: 'advised', met: false, evidence: `${evidence}; as ${cause}`, fix: 'mend that first' }
  // Every pod of it answers: what is lost now and then is no rule that is missing.
  const severity = unheard.length === 0 && failed.length <= total * MANY_LOST ? 'advised' : 'required'
  return { ...base, severity, met: false, evidence, fix: servedFix(isPod, around, unexplained) }
}

/** Ways that are closed anyway, and those nodes whose pods' silence they do not explain: nobody needs a way to himself. */
function causeOf({ host, out, into }: ProofAround, unheard: readonly string[]) {
  const closed = [...out, ...into].filter(({ state }) => state === 'closed')
  const isExplained = (node: string) =>
    node !== host.host && closed.some(({ pair }) => pair.from === node || pair.to === node)
  return {
    cause:
      closed.length === 0
        ? undefined
        : listed(closed.map(({ pair }) => `nothing gets from ${pair.from} to ${pair.to}`)),
    unexplained: unheard.filter((node) => !isExplained(node)),
  }
}

const NAMES = 6

function named(nodes: readonly string[]): string {
  const rest = nodes.length - NAMES
  return `${nodes.slice(0, NAMES).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`
}

function servedFix(isPod: boolean, { host, wanted, out, seen }: ProofAround, unheard: readonly string[]): string {
  const some = unheard.length < seen.endpoints.size
  const look = proxyLog(host.host)
  const podsFine = out.every(({ state }) => state === 'open') && host.fromPod.service.failed.length === 0
  if (!isPod && podsFine && out.length > 0)
    return `pods reach it and the node does not: what the node sends must be masqueraded to find its way back. On ${host.host}: ${wanted.proxyMode === 'nftables' ? 'nft list chain ip kube-proxy masquerading' : 'iptables -t nat -S KUBE-POSTROUTING, and no rule of somebody else before it in POSTROUTING'}; the kernel needs xt_MASQUERADE or nft_masq (modprobe them)`
  if (isPod && some && unheard.every((node) => node === host.host) && unheard.length > 0)
    return `only what a Service leads back to the very pod is lost: on ${host.host} the bridge must send a packet back where it came from (bridge -d link: hairpin on), and kube-proxy must masquerade it (ipset list KUBE-LOOP-BACK, or its rules: ${look}); a kube-proxy that is behind gets there by itself: run provision prove again`
  if (some) return `an endpoint is in the rules of ${host.host} that does not answer: ${look}`
  return `kube-proxy on ${host.host} has made no rules for it: ${look}`
}

function dnsFinding(around: ProofAround): PeerFinding {
  const { dns } = around.host.fromPod
  const base = { id: 'pod-dns', threshold: `at most ${100 * DNS_LOST} % of questions lost` } as const
  const good = dns.filter(namesSomething)
  const wrong = dns.filter((one) => one.state === 'answered' && !namesSomething(one))
  const lost = dns.length - good.length - wrong.length
  const times = good.map(({ ms }) => ms).toSorted((a, b) => a - b)
  const at = (share: number) => (times[Math.min(times.length - 1, Math.floor(share * times.length))] ?? 0).toFixed(1)
  const figures = times.length === 0 ? '' : `, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, slowest ${at(1)} ms`
  const evidence = `${good.length} of ${dns.length} questions answered${figures}, ${lost} lost`
  if (wrong.length === 0 && dns.length > 0 && lost <= dns.length * DNS_LOST)
    return { ...base, severity: 'required', met: true, evidence }
  if (wrong.length > 0) {
    const fix = 'kubectl -n kube-system logs -l k8s-app=kube-dns'
    return { ...base, severity: 'required', met: false, evidence: `${evidence}, ${wrong.length} with an error`, fix }
  }
  return blamed(around, {
    ...base,
    severity: dns.length > 0 && lost <= dns.length * MANY_LOST ? 'advised' : 'required',
    met: false,
    evidence: `pods on ${around.host.host} → CoreDNS: ${evidence}`,
    fix: 'kubectl -n kube-system get pods -l k8s-app=kube-dns -o wide: do they run, and does anything reach pods on those nodes?',
  })
}

function apiFinding(around: ProofAround): PeerFinding {
  const { api } = around.host.fromPod
  const base = { id: 'pod-api', severity: 'required', threshold: 'pods reach kube-apiserver by its Service' } as const
  const [first] = api.filter(speaksTls)
  if (first) return { ...base, met: true, evidence: `TLS answers after ${first.ms.toFixed(1)} ms` }
  const states = [...new Set(api.map(({ state, why }) => why ?? state))].join(', ') || 'not asked'
  return blamed(around, {
    ...base,
    met: false,
    evidence: `pods on ${around.host.host} → kube-apiserver: no TLS (${states})`,
    fix: `on ${around.host.host}: tcp/6443 of the control planes must be open for pods as well; they come with the address of the node, or with their own`,
  })
}

/** Where a way is closed anyway, what else fails there may follow from it: one required finding is enough. */
function blamed({ out, into }: ProofAround, finding: PeerFinding): PeerFinding {
  const closed = [...out, ...into].filter(({ state }) => state === 'closed')
  if (closed.length === 0) return finding
  const ways = listed(closed.map(({ pair }) => `nothing gets from ${pair.from} to ${pair.to}`))
  return { ...finding, severity: 'advised', evidence: `${finding.evidence}; it may follow from this: ${ways}` }
}

function rulesFinding({ host, seen, wanted }: ProofAround): readonly PeerFinding[] {
  const { said } = host
  if (!said || wanted.proxyMode === 'none') return []
  const base = {
    id: 'kube-proxy',
    threshold: `kube-proxy runs in ${wanted.proxyMode} mode, with a rule for each endpoint`,
  } as const
  const mode = said.proxyMode === '' ? 'kube-proxy does not answer' : `kube-proxy runs in ${said.proxyMode} mode`
  if (said.proxyMode !== wanted.proxyMode) {
    const fix = `provision up settles its mode; then kubectl -n kube-system rollout status daemonset/kube-proxy`
    return [{ ...base, severity: 'required', met: false, evidence: `${host.host}: ${mode}`, fix }]
  }
  if ('unseen' in said.rules) {
    const evidence = `${mode}; its rules were not looked at: ${said.rules.unseen}`
    return [{ ...base, severity: 'required', met: true, evidence }]
  }
  const { rules } = said
  const without = [...seen.endpoints].filter(([, address]) => !rules.has(`${address}:${PROOF_PORT}`))
  if (without.length === 0)
    return [{ ...base, severity: 'required', met: true, evidence: `${mode}; ${rules.size} endpoints in the kernel` }]
  const evidence = `${host.host}: ${mode}, and its kernel has no rule for the pods of ${listed(without.map(([node]) => node))}`
  const fix = `${proxyLog(host.host)}: it is behind, or cannot write its rules`
  return [{ ...base, severity: 'required', met: false, evidence, fix }]
}

function balancerFinding(around: ProofAround): readonly PeerFinding[] {
  const { host } = around
  const from = (answers: Answers, who: string) =>
    [...answers.balancers].map(([place, asked]) => ({ place, asked, who }))
  const all = [...from(host.fromPod, `pods on ${host.host}`), ...from(host.fromNode, host.host)]
  if (all.length === 0) return []
  const base = {
    id: 'load-balancers',
    threshold: 'addresses of LoadBalancer Services are answered on every node',
  } as const
  const failed = all.filter(({ asked }) => asked.state !== 'open' && asked.state !== 'answered')
  const places = new Set(all.map(({ place }) => place))
  if (failed.length === 0)
    return [{ ...base, severity: 'required', met: true, evidence: `answered: ${listed([...places])}` }]
  const word = ({ why, state }: Asked) => why ?? state
  const lines = failed.map(({ place, asked, who }) => `${who} → ${place}: ${word(asked)}`)
  const fix = `kube-proxy answers for these addresses on every node: kubectl get service -A -o wide, then ipvsadm -Ln or nft list ruleset on ${host.host}`
  return [blamed(around, { ...base, severity: 'required', met: false, evidence: listed(lines), fix })]
}

function proxyLog(node: string): string {
  return `kubectl -n kube-system logs $(kubectl -n kube-system get pods -o name -l k8s-app=kube-proxy --field-selector spec.nodeName=${node})`
}
