import { randomBytes } from 'node:crypto'
import { type SurveyInput, survey } from '../core/survey.ts'
import {
  clockOrder,
  flowName,
  type Listening,
  openingOrders,
  type Point,
  peerScript,
  probeOrders,
  readListening,
  type Target,
} from '../facts/peer-dialogue.ts'
import type { Role } from '../inventory/inventory.ts'
import { gathered } from './peer-answers.ts'
import type { PeersSeen } from './peers-seen.ts'
import { flowsBetween, type PeerFlow, type PortUser, portsOf } from './ports.ts'

export interface PeerHost {
  readonly name: string
  readonly roles: readonly Role[]
  /** IP address other nodes use, as `Node.address`; when left out the host is asked for that of its default route. */
  readonly address: string | undefined
  /** Places the user wants to know the way to from here, e.g. an office. */
  readonly points?: readonly Point[]
}

/** A host without an open session has no part in it. */
export interface PeersInput extends SurveyInput {
  readonly hosts: readonly PeerHost[]
  /** What talks between them: `portUsers(inventory)`, and whatever else is to be installed. */
  readonly users: readonly PortUser[]
}

/** For the shell, the interpreter and the listeners of a host to start. */
const READY_MS = 30_000
/** All ports silent costs 4 s for every 128 of them, measuring about 10 s for every 128 hosts. */
const PROBE_MS = 60_000
const PROBE_MS_PER_HOST = 300
const HOST_MARGIN_MS = 10_000

/**
 * Measures what is between hosts: every port of every direction of every pair, round trips, path MTU, clocks. Nothing is
 * written on any host, and what listens there ends with our channel, or at a deadline of its own.
 */
export async function surveyPeers(input: PeersInput): Promise<PeersSeen> {
  const { hosts, users, sessions, ...watched } = input
  const token = randomBytes(8).toString('hex')
  const open = new Set(sessions.map(({ host }) => host))
  const members = new Map(hosts.filter(({ name }) => open.has(name)).map((host) => [host.name, host] as const))
  const flows = Map.groupBy(flowsBetween([...members.values()], users), ({ from }) => from)
  const probeMs = PROBE_MS + members.size * PROBE_MS_PER_HOST
  const deadlineSeconds = Math.ceil((READY_MS + probeMs + HOST_MARGIN_MS) / 1000)
  const listening = new Map<string, Listening>()
  const surveyed = await survey({
    ...watched,
    sessions: sessions.filter(({ host }) => members.has(host)),
    script: peerScript([...members.values()].flatMap((host) => portsOf(host, users))),
    opening: (name) => {
      const host = memberOf(members, name)
      const { address, points = [] } = host
      return openingOrders(name, { token, address, flows: portsOf(host, users), points }, deadlineSeconds)
    },
    orders: (name, ready) => {
      for (const [host, text] of ready) if (!listening.has(host)) listening.set(host, readListening(text))
      const others = [...members.values()].filter((host) => host.name !== name)
      return probeOrders(targetsOf(flows.get(name) ?? [], others, listening))
    },
    clockOrder,
    readyMs: READY_MS,
    probeMs,
  })
  return gathered({ hosts, users, listening, surveyed })
}

function memberOf(members: ReadonlyMap<string, PeerHost>, name: string): PeerHost {
  const host = members.get(name)
  if (!host) throw new Error(`${name} has no part in this survey`)
  return host
}

/** Whom a host is to try: everybody that listens, at the address others use, and every port its plan needs there. */
function targetsOf(
  flows: readonly PeerFlow[],
  others: readonly PeerHost[],
  listening: ReadonlyMap<string, Listening>,
): readonly Target[] {
  const needed = Map.groupBy(flows, ({ to }) => to)
  return others.flatMap(({ name, address: known }) => {
    const there = listening.get(name)
    const address = known ?? there?.address
    if (!there || address === undefined) return []
    const tried = (needed.get(name) ?? []).flatMap((flow) => {
      const state = there.ports.get(flowName(flow))?.state
      const provable = state === 'ours' || (state === 'taken' && flow.protocol === 'tcp')
      return provable ? [{ protocol: flow.protocol, port: flow.port, expect: state }] : []
    })
    return [{ host: name, address, measurePort: there.measurePort, flows: tried }]
  })
}
