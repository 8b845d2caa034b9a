import { type Surveyed, textOf } from '../../core/survey.ts'
import { describeOutcome } from '../../core/trouble.ts'
import { clockBounds, readListening, readSeen, type Seen } from '../../facts/peer-dialogue.ts'
import { readNodeSaid } from '../../facts/pod-peer.ts'
import type { GroundSaid, ProofPod } from '../../facts/proof-ground.ts'
import { type Asked, greetedBy, readAsked } from '../../facts/question.ts'
import type { Answers, PodPair, ProofHost, ProofSeen, Served } from './proof-seen.ts'

export interface ProofGathering {
  readonly hosts: readonly string[]
  readonly ground: GroundSaid
  /** Those that run, by node. */
  readonly pods: ReadonlyMap<string, ProofPod>
  /** Whom each tried. */
  readonly others: ReadonlyMap<string, readonly string[]>
  readonly token: string
  /** What came of a host's pod, and of the host itself. */
  readonly pod: (host: string) => Surveyed | undefined
  readonly node: (host: string) => Surveyed | undefined
}

/** Puts together what pods and nodes said. */
export function gatheredProof(input: ProofGathering): ProofSeen {
  const { hosts, ground, pods, others } = input
  const seen = new Map(
    hosts.flatMap((host) => {
      const surveyed = input.pod(host)
      return surveyed ? [[host, readSeen(textOf(surveyed.outcome))] as const] : []
    }),
  )
  return {
    hosts: hosts.map((host) => proofHost(host, input)),
    pairs: [...others].flatMap(([from, targets]) => targets.map((to) => podPair(from, to, seen))),
    endpoints: new Map([...pods].map(([node, { address }]) => [node, address])),
    balancers: ground.balancers,
    possiblePairs: pods.size * (pods.size - 1),
  }
}

function proofHost(host: string, { ground, pods, token, pod, node }: ProofGathering): ProofHost {
  const [inPod, onNode] = [pod(host), node(host)]
  const address = pods.get(host)?.address
  const clock = clockBounds(onNode?.clocks ?? inPod?.clocks ?? [])
  const without = missing(
    inPod,
    ground.pods.find((each) => each.node === host),
  )
  const nodeMissing = onNode ? missing(onNode, undefined) : 'there is no connection to it'
  return {
    host,
    points: [],
    ...(address === undefined ? {} : { address }),
    ...(clock ? { clock } : {}),
    ...(without === undefined ? {} : { missing: without }),
    ...(nodeMissing === undefined ? {} : { nodeMissing }),
    ...(onNode?.ready === undefined ? {} : { said: readNodeSaid(textOf(onNode.outcome)) }),
    fromPod: answersOf(inPod, token),
    fromNode: answersOf(onNode, token),
  }
}

/** Why nobody spoke there, or not to the end. */
function missing(surveyed: Surveyed | undefined, pod: ProofPod | undefined): string | undefined {
  if (!surveyed) return pod ? `its pod does not run: ${pod.why}` : 'it has no pod: is it a node of this cluster?'
  const { outcome, ready, complete } = surveyed
  if (complete) return undefined
  const text = textOf(outcome)
  if (/^nopod$/m.test(text)) return 'no process of its pod was found there'
  if (/^nonsenter$/m.test(text)) return 'it has no nsenter (util-linux)'
  if (ready === undefined && readListening(text).program === 'none' && /^program\tnone$/m.test(text))
    return 'it has neither perl nor python3'
  const { what, why } = describeOutcome(outcome, 'measuring')
  if (outcome.kind !== 'exited') return what
  return outcome.code === 0 ? 'it was not done in time' : [what, why].filter(Boolean).join('; ')
}

function answersOf(surveyed: Surveyed | undefined, token: string): Answers {
  const asked = surveyed ? readAsked(textOf(surveyed.outcome)) : new Map<string, readonly Asked[]>()
  const balancers = [...asked].flatMap(([about, [first]]) => {
    const [, place] = /^balancer (.*)$/.exec(about) ?? []
    return place !== undefined && first ? [[place, first] as const] : []
  })
  return {
    service: servedOf(asked.get('service') ?? [], token),
    dns: asked.get('dns') ?? [],
    api: asked.get('api') ?? [],
    balancers: new Map(balancers),
  }
}

function servedOf(asked: readonly Asked[], token: string): Served {
  const hits = new Map<string, number>()
  const failed: Asked[] = []
  for (const one of asked) {
    const by = greetedBy(one, token)
    if (by === undefined) failed.push(one)
    else hits.set(by, (hits.get(by) ?? 0) + 1)
  }
  return { hits, failed }
}

function podPair(from: string, to: string, seen: ReadonlyMap<string, Seen>): PodPair {
  const [here, there] = [seen.get(from), seen.get(to)]
  const state = (protocol: 'tcp' | 'udp'): PodPair['tcp'] =>
    here?.reaches.find((reach) => reach.to === to && reach.protocol === protocol)?.state ?? 'untried'
  const [tcp, udp] = [state('tcp'), state('udp')]
  const heard = [...(there?.heard ?? [])].some((each) => each.startsWith(`${from} `))
  const [rtt, mtu, skew] = [here?.rtt.get(to), here?.mtu.get(to), here?.skew.get(to)]
  return {
    from,
    to,
    tcp,
    udp,
    arrived: heard || udp === 'reached' || tcp === 'reached',
    ...(rtt ? { rtt } : {}),
    ...(mtu ? { mtu } : {}),
    ...(skew ? { skew } : {}),
  }
}
