import type { Finding } from '../core/finding.ts'
import type { MeasuredMtu } from './auto-mtu.ts'
import { type Encapsulated, mtuTrouble, type PathMtu, type PodMtu, podMtu } from './mtu.ts'
import { type PointLimits, pointsFinding } from './peer-points.ts'
import { listed, type PeerFinding, reachFinding } from './peer-reach.ts'
import type { HostSeen, PairSeen, PeersSeen } from './peers-seen.ts'

/** What is wanted of what lies between hosts. */
export interface PeersWanted {
  readonly network: Encapsulated
  readonly mtu: 'auto' | number
  /** By host. */
  readonly clockSkewMs: ReadonlyMap<string, number>
  readonly controlPlanes: ReadonlySet<string>
  /** By host, then id: why it may stay unmet. */
  readonly accept: ReadonlyMap<string, Readonly<Record<string, string>>>
  readonly pointLimits?: PointLimits
}

/** Round trips between etcd members: its heartbeat of 100 ms should be more than one of them. */
const ETCD_RTT_MS = 50

/** Everything a finding of one host is made from. */
interface Around {
  readonly host: HostSeen
  /** Pairs it is an end of. */
  readonly near: readonly PairSeen[]
  readonly wanted: PeersWanted
  readonly hosts: ReadonlyMap<string, HostSeen>
  /** What all pairs together allow. */
  readonly pods: PodMtu | undefined
}

/**
 * What was measured between hosts, as findings of each of them. Trouble on the way between two is told of both: neither is
 * to be changed before it is mended.
 */
export function peerFindings(seen: PeersSeen, wanted: PeersWanted): ReadonlyMap<string, readonly Finding[]> {
  const hosts = new Map(seen.hosts.map((host) => [host.host, host] as const))
  const pods = podMtu(pathMtus(seen.pairs, hosts), wanted.network)
  const near = new Map<string, PairSeen[]>(seen.hosts.map(({ host }) => [host, []]))
  for (const pair of seen.pairs) for (const end of [pair.from, pair.to]) near.get(end)?.push(pair)
  return new Map(
    seen.hosts.map((host) => {
      const around: Around = { host, near: near.get(host.host) ?? [], wanted, hosts, pods }
      const pairs = [reachFinding, mtuFinding, clockFinding, roundTripFinding].flatMap((find) => find(around) ?? [])
      const all = [...pairs, ...[pointsFinding(host, wanted.pointLimits ?? new Map()) ?? []].flat()]
      return [host.host, all.map((finding) => withAcceptance(finding, wanted.accept.get(host.host) ?? {}))] as const
    }),
  )
}

function withAcceptance(finding: Finding, accept: Readonly<Record<string, string>>): Finding {
  const accepted = accept[finding.id]
  return finding.met || accepted === undefined ? finding : { ...finding, accepted }
}

/** The paths pods' packets take, as far as they were measured. */
export function pathMtus(pairs: readonly PairSeen[], hosts: ReadonlyMap<string, HostSeen>): readonly PathMtu[] {
  return pairs.flatMap(({ from, to, mtu }) =>
    mtu ? [{ from, to, bytes: mtu.pathBytes, ipv6: hosts.get(to)?.address?.includes(':') === true }] : [],
  )
}

/** What all measured paths allow, of `hosts` of them in the inventory. */
export function measuredMtu(seen: PeersSeen, network: Encapsulated, hosts: number): MeasuredMtu | undefined {
  const pods = podMtu(pathMtus(seen.pairs, new Map(seen.hosts.map((host) => [host.host, host]))), network)
  if (!pods) return undefined
  const ways = seen.pairs.flatMap(({ mtu }) => mtu ?? [])
  return {
    pods,
    cardBytes: Math.max(...ways.map(({ linkBytes }) => linkBytes)),
    isWhole: ways.length === hosts * (hosts - 1),
  }
}

const UNMEASURED: PeerFinding = {
  id: 'path-mtu',
  met: false,
  severity: 'advised',
  evidence: 'not measured: no datagram to or from another host came back',
  threshold: 'full packets of pods pass',
  fix: 'open the UDP port of the pod network between the nodes; on a cluster that runs, provision prove measures with pods',
}

function mtuFinding({ host, near, wanted, hosts, pods }: Around): PeerFinding | undefined {
  const measured = near.flatMap(({ from, to, mtu }) => (mtu ? [{ from, to, ...mtu }] : []))
  if (near.length === 0 || host.missing !== undefined) return undefined
  if (measured.length === 0 || !pods) return UNMEASURED
  const forced = forcedMtuFinding(pathMtus(near, hosts), wanted)
  if (forced) return forced
  const base = { id: 'path-mtu', threshold: `full packets of pods pass: ${pods.arithmetic}` } as const
  const least = Math.min(...measured.map(({ pathBytes }) => pathBytes))
  const evidence = `${least} bytes at least to and from every host`
  const narrow = measured.filter(({ pathBytes, linkBytes }) => pathBytes < linkBytes)
  if (narrow.length === 0) return { ...base, met: true, severity: 'required', evidence }
  const lines = narrow.map(({ from, to, pathBytes, linkBytes }) => `${from} → ${to} ${pathBytes}, not ${linkBytes}`)
  // Without encapsulation pods take the MTU of the card as it is: nobody makes it smaller for them.
  const isCardOnly = wanted.network === 'flannel host-gw'
  const rest = isCardOnly ? '' : '; pods are made to fit, connections of the nodes themselves find out after seconds'
  return {
    ...base,
    met: false,
    severity: isCardOnly ? 'required' : 'advised',
    evidence: `${evidence}; the way carries less than the card of the sender: ${listed(lines)}${rest}`,
    fix: `on ${host.host}: ip link set dev CARD mtu ${least}, and the same where the network is configured; or mend the way: what is bigger vanishes without a word`,
  }
}

/** A number written by hand that is too big for some of these paths. */
function forcedMtuFinding(paths: readonly PathMtu[], { mtu, network }: PeersWanted): PeerFinding | undefined {
  const possible = podMtu(paths, network)
  const trouble = mtu === 'auto' || !possible ? undefined : mtuTrouble(mtu, possible)
  if (!trouble || mtu === 'auto') return undefined
  const narrow = paths.filter((path) => mtu > (podMtu([path], network)?.bytes ?? mtu))
  const lines = narrow.map(({ from, to, bytes }) => `${from} → ${to} ${bytes}`)
  return {
    id: 'path-mtu',
    met: false,
    severity: 'required',
    evidence: `${trouble.what}; too narrow for it: ${listed(lines)}`,
    threshold: `network.mtu of ${possible?.bytes} at most`,
    ...(trouble.fix === undefined ? {} : { fix: trouble.fix }),
  }
}

function clockFinding({ near, wanted, hosts }: Around): PeerFinding | undefined {
  const limitMs = ({ from, to }: PairSeen) =>
    Math.min(...[from, to].map((name) => wanted.clockSkewMs.get(name) ?? Number.POSITIVE_INFINITY))
  const told = near.flatMap((pair) => {
    const skew = skewOf(pair, hosts)
    return skew ? [{ ...pair, skew }] : []
  })
  if (told.length === 0) return undefined
  const least = Math.min(...told.map(limitMs))
  const base = { id: 'clock-skew-peers', severity: 'required', threshold: `any two within ${least} ms` } as const
  const wrong = told.filter((pair) => Math.abs(pair.skew.aheadMs) - pair.skew.errorMs > limitMs(pair))
  if (wrong.length === 0) {
    const most = Math.max(...told.map(({ skew }) => Math.abs(skew.aheadMs)))
    return { ...base, met: true, evidence: `${most.toFixed(1)} ms from any other at most` }
  }
  const lines = wrong.map(({ from, to, skew: { aheadMs } }) => {
    const [ahead, behind] = aheadMs > 0 ? [to, from] : [from, to]
    return `${ahead} is ${(Math.abs(aheadMs) / 1000).toFixed(1)} s ahead of ${behind}`
  })
  return {
    ...base,
    met: false,
    evidence: listed([...new Set(lines)]),
    fix: 'synchronise all of them with the same servers: apt-get install chrony (dnf install chrony), then chronyc makestep',
  }
}

/** From host to host; by way of the operator where no datagram came through. */
export function skewOf(
  pair: Pick<PairSeen, 'from' | 'to' | 'skew'>,
  hosts: ReadonlyMap<string, HostSeen>,
): PairSeen['skew'] {
  if (pair.skew) return pair.skew
  const [from, to] = [hosts.get(pair.from)?.clock, hosts.get(pair.to)?.clock]
  if (!from || !to) return undefined
  const [least, most] = [to.leastMs - from.mostMs, to.mostMs - from.leastMs]
  return { aheadMs: (least + most) / 2, errorMs: (most - least) / 2 }
}

function roundTripFinding({ near, wanted }: Around): PeerFinding | undefined {
  const threshold = `at most ${ETCD_RTT_MS} ms between control planes`
  const base = { id: 'round-trip', severity: 'advised', threshold } as const
  const timed = near.flatMap(({ from, to, rtt }) => (rtt ? [{ from, to, ms: rtt.medianMs }] : []))
  const { controlPlanes } = wanted
  const slow = timed.filter(({ from, to, ms }) => ms > ETCD_RTT_MS && controlPlanes.has(from) && controlPlanes.has(to))
  if (slow.length > 0) {
    const evidence = listed(slow.map(({ from, to, ms }) => `${from} → ${to} ${ms.toFixed(0)} ms`))
    const fix = 'put all control planes in one place: etcd elects a new leader when answers are late'
    return { ...base, met: false, evidence, fix }
  }
  if (timed.length === 0) return undefined
  const times = timed.map(({ ms }) => ms)
  const range = `${Math.min(...times).toFixed(2)} to ${Math.max(...times).toFixed(2)} ms to and from the others`
  return { ...base, met: true, evidence: range }
}
