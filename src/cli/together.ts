import { isIP } from 'node:net'
import type { MeasuredMtu } from '../cluster/auto-mtu.ts'
import { duplicates, identities, identityFinding, identityProbe } from '../cluster/requirements/identity.ts'
import type { Report } from '../core/events.ts'
import type { Answers } from '../core/fact.ts'
import { FactError } from '../core/fact-error.ts'
import type { Finding } from '../core/finding.ts'
import type { Matrix } from '../core/matrix.ts'
import { pending } from '../core/plan.ts'
import type { Host, Inventory } from '../inventory/inventory.ts'
import { measureBetween } from './between.ts'
import type { Present } from './meeting.ts'

/** What shows only when all hosts were seen. */
export interface Together {
  readonly findings: ReadonlyMap<string, readonly Finding[]>
  /** Empty when nothing between the hosts was measured. */
  readonly matrices: readonly Matrix[]
  /** Something was measured that plans depend on. */
  readonly isNews: boolean
}

export interface TogetherInput {
  readonly inventory: Inventory
  /** Those of this run, with the way to them. */
  readonly hosts: readonly Host[]
  /** Measure between hosts whatever is planned; otherwise only before one of them joins. */
  readonly always: boolean
  /** Told once of what fits between the hosts: nothing when that was not measured. */
  readonly onMtu: (measured: MeasuredMtu | undefined) => void
  readonly signal: AbortSignal
  readonly report: Report
  readonly clock: () => number
}

/** Ids nobody may share, and everything between two hosts. */
export async function judgeTogether(input: TogetherInput, present: ReadonlyMap<string, Present>): Promise<Together> {
  const { inventory, hosts, always, signal, report, clock } = input
  const identity = identityFindings(hosts, present)
  const plans = [...present.values()].map(({ plan }) => plan)
  if (present.size < 2 || !(always || plans.some(joins))) return { findings: identity, matrices: [], isNews: false }
  const { findings, matrices, mtu } = await measureBetween({
    inventory,
    hosts,
    addressOf: (name) => addressOf(hosts.find((host) => host.name === name)),
    sessions: [...present.values()].map(({ session }) => session),
    signal,
    report,
    clock,
  })
  const names = [...present.keys()]
  const both = (name: string) => [...(identity.get(name) ?? []), ...(findings.get(name) ?? [])]
  input.onMtu(mtu)
  return { findings: new Map(names.map((name) => [name, both(name)])), matrices, isNews: mtu !== undefined }
}

function joins(plan: Present['plan']): boolean {
  return pending(plan).some(({ key }) => key === 'kubeadm:init' || key === 'kubeadm:join')
}

function identityFindings(hosts: readonly Host[], present: ReadonlyMap<string, Present>) {
  const seen = new Map([...present].map(([name, { answers }]) => [name, answers] as const).filter(isAnswered))
  if (seen.size < 2) return new Map<string, readonly Finding[]>()
  const shared = duplicates(identities(seen))
  const accept = new Map(hosts.map((host) => [host.name, host.accept]))
  return new Map([...seen.keys()].map((host) => [host, [identityFinding(host, shared, accept.get(host) ?? {})]]))
}

function isAnswered([, answers]: readonly [string, Answers]): boolean {
  try {
    answers.get(identityProbe)
    return true
  } catch (error) {
    if (error instanceof FactError) return false
    throw error
  }
}

/** What other nodes call; nothing when only a name is known. */
export function addressOf(host: Pick<Host, 'nodeAddress' | 'address'> | undefined): string | undefined {
  const known = host?.nodeAddress ?? host?.address
  return known !== undefined && isIP(known) !== 0 ? known : undefined
}
