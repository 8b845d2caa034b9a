import type { Finding } from '../../core/finding.ts'
import { skewOf } from '../peer-findings.ts'
import { listed, type PeerFinding } from '../peer-reach.ts'
import type { ProofAround, ProofWanted } from './proof-around.ts'
import { packetFinding, podNetworkFinding } from './proof-pod-findings.ts'
import type { ProofSeen } from './proof-seen.ts'
import { serviceFindings } from './proof-service-findings.ts'
import { waysOf } from './proof-ways.ts'

/** Verdicts of a proof, by host. Trouble on a way between two is told of the one that sends. */
export function proofFindings(seen: ProofSeen, wanted: ProofWanted): ReadonlyMap<string, readonly Finding[]> {
  const ways = waysOf(seen.pairs)
  const hosts = new Map(seen.hosts.map((host) => [host.host, host] as const))
  const out = Map.groupBy(ways, ({ pair }) => pair.from)
  const into = Map.groupBy(ways, ({ pair }) => pair.to)
  return new Map(
    seen.hosts.map((host) => {
      const name = host.host
      const around = { host, out: out.get(name) ?? [], into: into.get(name) ?? [], seen, hosts, wanted }
      const accept = wanted.accept.get(name) ?? {}
      return [name, findingsOf(around).map((finding) => accepted(finding, accept))] as const
    }),
  )
}

function accepted(finding: Finding, accept: Readonly<Record<string, string>>): Finding {
  const reason = accept[finding.id]
  return finding.met || reason === undefined ? finding : { ...finding, accepted: reason }
}

function findingsOf(around: ProofAround): readonly PeerFinding[] {
  const start = startFinding(around)
  const inPod = around.host.missing === undefined
  return [
    start,
    ...(inPod ? [podNetworkFinding(around), packetFinding(around)] : []).flatMap((finding) => finding ?? []),
    ...serviceFindings(around),
    ...clockFinding(around),
  ]
}

function startFinding({ host: { host, missing, nodeMissing, address } }: ProofAround): PeerFinding {
  const base = { id: 'pod-starts', severity: 'required', threshold: 'a pod starts there and is measured from' } as const
  const why = [missing, nodeMissing === missing ? undefined : nodeMissing].filter((one) => one !== undefined)
  if (why.length === 0) return { ...base, met: true, evidence: `its pod has ${address}` }
  const fix = why.some((one) => one.includes('perl'))
    ? 'apt-get install perl-base (dnf install python3)'
    : why.some((one) => one.includes('nsenter'))
      ? 'apt-get install util-linux (dnf install util-linux)'
      : `kubectl get node ${host}, and on ${host}: journalctl -u kubelet -u containerd --since -10min; then run it again`
  return { ...base, met: false, evidence: why.join('; '), fix }
}

function clockFinding({ out, into, hosts, wanted }: ProofAround): readonly PeerFinding[] {
  const limit = (name: string) => wanted.clockSkewMs.get(name) ?? Number.POSITIVE_INFINITY
  const told = [...out, ...into].flatMap(({ pair }) => {
    const skew = skewOf(pair, hosts)
    return skew ? [{ ...pair, ...skew, limitMs: Math.min(limit(pair.from), limit(pair.to)) }] : []
  })
  if (told.length === 0) return []
  const least = Math.min(...told.map(({ limitMs }) => limitMs))
  const base = { id: 'clock-skew-peers', severity: 'required', threshold: `any two within ${least} ms` } as const
  const wrong = told.filter(({ aheadMs, errorMs, limitMs }) => Math.abs(aheadMs) - errorMs > limitMs)
  if (wrong.length === 0) {
    const most = Math.max(...told.map(({ aheadMs }) => Math.abs(aheadMs)))
    return [{ ...base, met: true, evidence: `${most.toFixed(1)} ms from any other at most` }]
  }
  const lines = wrong.map(({ from, to, aheadMs }) => {
    const [ahead, behind] = aheadMs > 0 ? [to, from] : [from, to]
    return `${ahead} is ${(Math.abs(aheadMs) / 1000).toFixed(1)} s ahead of ${behind}`
  })
  const fix =
    'synchronise all of them with the same servers: apt-get install chrony (dnf install chrony), then chronyc makestep'
  return [{ ...base, met: false, evidence: listed([...new Set(lines)]), fix }]
}
