import type { MeasuredMtu } from '../cluster/auto-mtu.ts'
import { measuredMtu, peerFindings } from '../cluster/peer-findings.ts'
import { peerMatrices } from '../cluster/peer-matrix.ts'
import { surveyPeers } from '../cluster/peers.ts'
import type { PeersSeen } from '../cluster/peers-seen.ts'
import { peersWanted } from '../cluster/peers-wanted.ts'
import { portUsers } from '../cluster/ports.ts'
import type { Report } from '../core/events.ts'
import type { Finding } from '../core/finding.ts'
import type { Session } from '../core/host.ts'
import type { Matrix } from '../core/matrix.ts'
import type { Host, Inventory } from '../inventory/inventory.ts'

export interface BetweenInput {
  readonly inventory: Pick<Inventory, 'network' | 'hosts'> & Partial<Pick<Inventory, 'kubernetes'>>
  readonly hosts: readonly Pick<Host, 'name' | 'roles' | 'verify' | 'accept'>[]
  /** IP address other nodes use, where it is known. */
  readonly addressOf: (host: string) => string | undefined
  /** Of the hosts that could be reached. */
  readonly sessions: readonly Session[]
  readonly signal: AbortSignal
  readonly report: Report
  /** Milliseconds of a monotonic clock. */
  readonly clock: () => number
}

export interface Between {
  readonly seen: PeersSeen
  readonly findings: ReadonlyMap<string, readonly Finding[]>
  readonly matrices: readonly Matrix[]
  /** What fits; undefined where nothing could be measured. */
  readonly mtu: MeasuredMtu | undefined
}

const TASK = { type: 'task', id: 'between', title: 'measure what is between the hosts' } as const

/** Measures what is between hosts before anything on them is changed, over the sessions of the run: one channel a host. */
export async function measureBetween(input: BetweenInput): Promise<Between> {
  const { inventory, hosts, addressOf, sessions, signal, report, clock } = input
  const from = clock()
  report({ ...TASK, state: 'start' })
  const seen = await surveyPeers({
    hosts: hosts.map(({ name, roles, verify }) => ({ name, roles, address: addressOf(name), points: verify.points })),
    users: portUsers(inventory),
    sessions,
    signal,
    nowMs: () => Date.now(),
    onProgress: (done, total) => report({ ...TASK, state: 'progress', done, total, unit: 'items' }),
  })
  report({ ...TASK, state: 'ok', ms: clock() - from })
  const wanted = peersWanted(inventory, hosts)
  const clockSkewMs = Math.min(...wanted.clockSkewMs.values())
  return {
    seen,
    findings: peerFindings(seen, wanted),
    matrices: peerMatrices(seen, { clockSkewMs, pointLimits: wanted.pointLimits ?? new Map() }),
    mtu: measuredMtu(seen, wanted.network, inventory.hosts.length),
  }
}
