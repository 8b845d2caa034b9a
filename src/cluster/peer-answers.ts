import { type Surveyed, textOf } from '../core/survey.ts'
import { describeOutcome } from '../core/trouble.ts'
import {
  clockBounds,
  flowName,
  type Listening,
  type Point,
  type Reach,
  readListening,
  readSeen,
  type Seen,
} from '../facts/peer-dialogue.ts'
import type { Role } from '../inventory/inventory.ts'
import type { FlowSeen, HostSeen, PairSeen, PeersSeen } from './peers-seen.ts'
import { flowsBetween, type PeerFlow, type PortUser } from './ports.ts'

export interface Gathering {
  readonly hosts: readonly {
    readonly name: string
    readonly roles: readonly Role[]
    readonly address: string | undefined
    readonly points?: readonly Point[]
  }[]
  readonly users: readonly PortUser[]
  /** What hosts offered, of those that got ready. */
  readonly listening: ReadonlyMap<string, Listening>
  readonly surveyed: ReadonlyMap<string, Surveyed>
}

/** Puts together what the hosts said. */
export function gathered({ hosts, users, listening, surveyed }: Gathering): PeersSeen {
  const seen = new Map([...surveyed].map(([host, { outcome }]) => [host, readSeen(textOf(outcome))] as const))
  const ends = hosts.map(({ name, address = listening.get(name)?.address, points = [] }): HostSeen => {
    const clock = clockBounds(surveyed.get(name)?.clocks ?? [])
    const ways = seen.get(name)?.points
    return {
      host: name,
      ...(address === undefined ? {} : { address }),
      ...(clock ? { clock } : {}),
      ...missing(surveyed.get(name)),
      points: points.flatMap((point) => {
        const way = ways?.get(point.name)
        return way ? [{ name: point.name, ...way }] : []
      }),
    }
  })
  const flows = Map.groupBy(flowsBetween(hosts, users), ({ from }) => from)
  const around = { ends: new Map(ends.map((end) => [end.host, end])), listening }
  const pairs = hosts.flatMap(({ name }) => pairsFrom(name, flows.get(name) ?? [], { ...around, seen }))
  return { hosts: ends, pairs }
}

/** Why a host had no part in it, or only a part. */
function missing(surveyed: Surveyed | undefined): Pick<HostSeen, 'missing'> {
  if (!surveyed) return { missing: 'there is no connection to it' }
  const { outcome, ready, complete } = surveyed
  if (complete) return {}
  if (outcome.kind !== 'exited') return { missing: describeOutcome(outcome, 'measuring').what }
  if (ready === undefined && readListening(textOf(outcome)).program === 'none')
    return { missing: 'it has neither perl nor python3' }
  return { missing: outcome.code === 0 ? 'it was not done in time' : describeOutcome(outcome, 'measuring').what }
}

interface Around {
  readonly seen: ReadonlyMap<string, Seen>
  readonly ends: ReadonlyMap<string, HostSeen>
  readonly listening: ReadonlyMap<string, Listening>
}

function pairsFrom(from: string, flows: readonly PeerFlow[], around: Around): readonly PairSeen[] {
  const seen = around.seen.get(from)
  const reaches = new Map((seen?.reaches ?? []).map((reach) => [`${reach.to} ${flowName(reach)}`, reach] as const))
  const needed = Map.groupBy(flows, ({ to }) => to)
  const others = [...around.ends.keys()].filter((name) => name !== from)
  return others.map((to) => {
    const all = (needed.get(to) ?? []).map((flow) => flowSeen(flow, reaches.get(`${to} ${flowName(flow)}`), around))
    const [rtt, mtu, skew] = [seen?.rtt.get(to), seen?.mtu.get(to), seen?.skew.get(to)]
    return {
      from,
      to,
      reached: all.filter(isOpen).length,
      others: all.filter((flow) => !isOpen(flow)),
      ...(rtt ? { rtt } : {}),
      ...(mtu ? { mtu } : {}),
      ...(skew ? { skew } : {}),
    }
  })
}

function flowSeen(flow: PeerFlow, reach: Reach | undefined, { seen, ends, listening }: Around): FlowSeen {
  const { from, to, protocol, port, why: need } = flow
  if (!reach) return { protocol, port, need, state: 'untried', why: untried(flow, ends, listening.get(to)) }
  // The datagram arrived and only its answer was lost: this direction is open, and the other one is told of by itself.
  if (reach.state === 'silent' && protocol === 'udp' && seen.get(to)?.heard.has(`${from} ${port}`))
    return { protocol, port, need, state: 'reached' }
  return { protocol, port, need, state: reach.state, ...(reach.why === undefined ? {} : { why: reach.why }) }
}

function isOpen({ state }: FlowSeen): boolean {
  return state === 'reached' || state === 'open'
}

/** Why a port could not be tried. */
function untried({ from, to, ...flow }: PeerFlow, ends: Around['ends'], there: Listening | undefined): string {
  for (const name of [from, to]) {
    const why = ends.get(name)?.missing
    if (why !== undefined) return `${name} was not measured: ${why}`
  }
  const port = there?.ports.get(flowName(flow))
  if (port?.state === 'taken') return `${flowName(flow)} of ${to} is held by ${port.by}, which does not echo`
  if (port?.state === 'failed') return `${to} could not listen on ${flowName(flow)}: ${port.by}`
  return ends.get(to)?.address === undefined ? `${to} has no address others could use` : `${from} did not get to it`
}
