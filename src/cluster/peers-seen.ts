import type { ReachState } from '../facts/peer-dialogue.ts'

/** What was measured between hosts: plain data, for findings, matrices and reports. */
export interface PeersSeen {
  readonly hosts: readonly HostSeen[]
  /** Every ordered pair of hosts that have something to say to each other. */
  readonly pairs: readonly PairSeen[]
}

export interface HostSeen {
  readonly host: string
  readonly address?: string
  /** How far its clock is ahead of the operator's: between these. */
  readonly clock?: { readonly leastMs: number; readonly mostMs: number }
  /** Why it had no part in it, or only a part. */
  readonly missing?: string
  readonly points: readonly PointSeen[]
}

export type PointSeen =
  | { readonly name: string; readonly leastMs: number; readonly medianMs: number }
  | { readonly name: string; readonly why: string }

export interface PairSeen {
  readonly from: string
  readonly to: string
  /** How many ports were reached. */
  readonly reached: number
  /** The ports that were not, or could not be tried: among hundreds of hosts, all others need no words. */
  readonly others: readonly FlowSeen[]
  /** Of datagrams to a listener of ours; of TCP handshakes where none of those came back. */
  readonly rtt?: { readonly by: 'udp' | 'tcp'; readonly leastMs: number; readonly medianMs: number }
  readonly mtu?: { readonly pathBytes: number; readonly linkBytes: number }
  /** How far the clock of `to` is ahead of that of `from`. */
  readonly skew?: { readonly aheadMs: number; readonly errorMs: number }
}

export interface FlowSeen {
  readonly protocol: 'tcp' | 'udp'
  readonly port: number
  /** What needs it. */
  readonly need: string
  readonly state: ReachState | 'untried'
  readonly why?: string
}
