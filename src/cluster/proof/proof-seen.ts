import type { ReachState } from '../../facts/peer-dialogue.ts'
import type { NodeSaid } from '../../facts/pod-peer.ts'
import type { Balancer } from '../../facts/proof-ground.ts'
import type { Asked } from '../../facts/question.ts'
import type { HostSeen, PairSeen } from '../peers-seen.ts'

/** What was measured between pods, and of services: plain data, for findings, matrices and reports. */
export interface ProofSeen {
  readonly hosts: readonly ProofHost[]
  /** From the pod on one node to the pod on another. */
  readonly pairs: readonly PodPair[]
  /** Nodes whose pods stand behind the Service. */
  readonly endpoints: ReadonlyMap<string, string>
  readonly balancers: readonly Balancer[]
  /** What every ordered pair would be. */
  readonly possiblePairs: number
}

export interface ProofHost extends HostSeen {
  /** From its pod, and from the node itself, by what it was about. */
  readonly fromPod: Answers
  readonly fromNode: Answers
  readonly said?: NodeSaid
  /** Why the node itself told nothing. */
  readonly nodeMissing?: string
}

export interface Answers {
  readonly service: Served
  readonly dns: readonly Asked[]
  readonly api: readonly Asked[]
  /** By `address:port`. */
  readonly balancers: ReadonlyMap<string, Asked>
}

/** How connections to the Service went. */
export interface Served {
  /** By the node whose pod answered. */
  readonly hits: ReadonlyMap<string, number>
  readonly failed: readonly Asked[]
}

export interface PodPair extends Pick<PairSeen, 'from' | 'to' | 'rtt' | 'mtu' | 'skew'> {
  readonly tcp: ReachState | 'untried'
  readonly udp: ReachState | 'untried'
  /** Something of the first one arrived at the second, whatever became of the answer. */
  readonly arrived: boolean
}
