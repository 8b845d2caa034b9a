import { randomBytes } from 'node:crypto'
import { type Survey, type Surveyed, type SurveyInput, survey, textOf } from '../../core/survey.ts'
import {
  clockOrder,
  openingOrders,
  probeOrders,
  type ReachState,
  readSeen,
  type Target,
} from '../../facts/peer-dialogue.ts'
import { podPeerScript } from '../../facts/pod-peer.ts'
import type { ProofPod } from '../../facts/proof-ground.ts'
import { DENIED_PORT, PROOF_PORT } from './proof-policy.ts'

/** What came of two connections from the pod on one node to the pod on another, while a policy allows one of them. */
export interface PolicyWay {
  readonly from: string
  readonly to: string
  readonly allowed: ReachState | 'untried'
  readonly denied: ReachState | 'untried'
  /** What came of the one that is denied before there was a policy: what did not pass then shows nothing now. */
  readonly before: ReachState | 'untried'
}

export interface PolicySurveyInput extends SurveyInput {
  /** By node: those that run. */
  readonly pods: ReadonlyMap<string, ProofPod>
  /** Who enforces policies; undefined: nobody is known to. */
  readonly engine: string | undefined
  readonly survey?: (plan: Survey) => Promise<ReadonlyMap<string, Surveyed>>
}

const READY_MS = 60_000
const PROBE_MS = 20_000
/** Rules of a new policy are there after seconds; a node that is busy takes longer. */
const ENFORCED_MS = 60_000

const FLOWS = [
  { protocol: 'tcp', port: PROOF_PORT },
  { protocol: 'tcp', port: DENIED_PORT },
] as const

/**
 * Each pod tries the next one: every node sends and receives, and what is denied is waited for once, by all of them together. It is
 * tried again while something is not yet as the policy says and an engine may still be at it.
 */
export async function surveyPolicies(
  input: PolicySurveyInput,
  before: ReadonlyMap<string, PolicyWay['denied']>,
): Promise<readonly PolicyWay[]> {
  const { engine, nowMs, signal } = input
  const until = nowMs() + (engine === undefined ? 0 : ENFORCED_MS)
  for (;;) {
    const tried = await surveyOnce(input)
    const ways = tried.map((way) => ({ ...way, before: before.get(way.from) ?? ('untried' as const) }))
    const isDone = ways.every((way) => isEnforced(way) || way.allowed === 'untried')
    if (isDone || signal.aborted || nowMs() >= until) return ways
  }
}

/** What comes of a connection that will be denied while nothing denies it: by the node whose pod sends. */
export async function surveyBefore(input: PolicySurveyInput): Promise<ReadonlyMap<string, PolicyWay['denied']>> {
  const ways = await surveyOnce(input)
  return new Map(ways.map(({ from, denied }) => [from, denied]))
}

/** Whether a policy did there what it says. */
export function isEnforced({ allowed, denied }: Tried): boolean {
  return allowed === 'reached' && denied !== 'reached' && denied !== 'untried'
}

type Tried = Omit<PolicyWay, 'before'>

async function surveyOnce(input: PolicySurveyInput): Promise<readonly Tried[]> {
  const { pods, sessions, signal, nowMs, survey: ask = survey } = input
  const token = randomBytes(8).toString('hex')
  const names = sessions.map(({ host }) => host).filter((host) => pods.has(host))
  const nextOf = (name: string) => names[(names.indexOf(name) + 1) % names.length] ?? name
  const surveyed = await ask({
    sessions: sessions.filter(({ host }) => pods.has(host)),
    script: (name) => podPeerScript(pods.get(name)?.uid ?? ''),
    opening: (name) =>
      openingOrders(
        name,
        { token, address: pods.get(name)?.address, flows: FLOWS, points: [] },
        Math.ceil((READY_MS + PROBE_MS) / 1000),
      ),
    orders: (name, ready) => probeOrders(ready.has(nextOf(name)) ? targetsOf(pods.get(nextOf(name))) : []),
    clockOrder,
    readyMs: READY_MS,
    probeMs: PROBE_MS,
    signal,
    nowMs,
  })
  return names.map((from) => wayOf(from, nextOf(from), surveyed.get(from)))
}

/** Nothing is measured beside the two: any other port is denied. */
function targetsOf(pod: ProofPod | undefined): readonly Target[] {
  if (!pod) return []
  const flows = FLOWS.map((flow) => ({ ...flow, expect: 'ours' as const }))
  return [{ host: pod.node, address: pod.address, measurePort: 0, flows }]
}

function wayOf(from: string, to: string, surveyed: Surveyed | undefined): Tried {
  const { reaches } = readSeen(surveyed ? textOf(surveyed.outcome) : '')
  const stateOf = (port: number) =>
    reaches.find((reach) => reach.to === to && reach.port === port)?.state ?? ('untried' as const)
  return { from, to, allowed: stateOf(PROOF_PORT), denied: stateOf(DENIED_PORT) }
}
