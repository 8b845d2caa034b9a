import type { PeersWanted } from '../peer-findings.ts'
import type { ProofHost, ProofSeen } from './proof-seen.ts'
import type { Way } from './proof-ways.ts'

/** What a cluster is to be like, for a proof to judge it. */
export interface ProofWanted extends Pick<PeersWanted, 'network' | 'clockSkewMs' | 'accept'> {
  readonly proxyMode: 'ipvs' | 'nftables' | 'iptables' | 'none'
}

/** Everything a finding of one host is made from. */
export interface ProofAround {
  readonly host: ProofHost
  /** What its pod sends, and what others send to it. */
  readonly out: readonly Way[]
  readonly into: readonly Way[]
  readonly seen: ProofSeen
  readonly hosts: ReadonlyMap<string, ProofHost>
  readonly wanted: ProofWanted
}
