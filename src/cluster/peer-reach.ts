import type { RequirementId } from '../catalog/requirements.ts'
import type { Finding } from '../core/finding.ts'
import type { FlowSeen, HostSeen, PairSeen } from './peers-seen.ts'

export type PeerFinding = Omit<Finding, 'id'> & { readonly id: RequirementId }

/** Lines of evidence for one host; the matrix shows all. */
const LINES = 8

/** The first few, and how many more there are. */
export function listed(lines: readonly string[]): string {
  const rest = lines.length - LINES
  return [...lines.slice(0, LINES), ...(rest > 0 ? [`and ${rest} more, which the matrix shows`] : [])].join('; ')
}

/** What is open and what is not, of all ways to and from one host. */
export function reachFinding({
  host: { missing },
  near,
  hosts,
}: {
  readonly host: HostSeen
  readonly near: readonly PairSeen[]
  readonly hosts: ReadonlyMap<string, HostSeen>
}): PeerFinding | undefined {
  if (near.length === 0) return undefined
  const base = { id: 'reach', threshold: 'every port nodes need of each other answers' } as const
  const others = near.flatMap((pair) => pair.others.map((flow) => ({ pair, flow })))
  const wrong = others.filter(({ flow }) => flow.state !== 'untried')
  const untried = others.filter(({ flow }) => flow.state === 'untried').map(({ flow }) => flow.why ?? 'not tried')
  const notes = untried.length === 0 ? [] : [`${untried.length} cannot be proven now: ${listed([...new Set(untried)])}`]
  const first = wrong[0]
  if (first) {
    const lines = wrong.map(({ pair, flow }) => sentence(pair, flow, hosts.get(pair.to)?.address))
    const evidence = [listed(lines), ...notes].join('; ')
    return { ...base, met: false, severity: 'required', evidence, fix: likelyFix(first.pair, first.flow) }
  }
  if (missing !== undefined) {
    const fix = missing.includes('perl')
      ? 'apt-get install perl-base (dnf install python3); until then nothing proves that nodes reach it'
      : 'run the same command again'
    return { ...base, met: false, severity: 'advised', evidence: `not measured: ${missing}`, fix }
  }
  const reached = near.reduce((n, pair) => n + pair.reached, 0)
  return { ...base, met: true, severity: 'required', evidence: [`${reached} ways open`, ...notes].join('; ') }
}

/** `n2 → n1 tcp/6443: no answer within 4 s, though n1 was listening; needed for every node to reach kube-apiserver` */
function sentence(
  { from, to }: PairSeen,
  { protocol, port, state, why, need }: FlowSeen,
  address = 'its address',
): string {
  const what: Readonly<Record<FlowSeen['state'], string>> = {
    silent: `no answer within 4 s, though ${to} was listening`,
    refused: `refused, though ${to} was listening`,
    unreachable: `${why ?? 'unreachable'}, though ${to} was listening`,
    stranger: `somebody else than ${to} answers at ${address}`,
    mute: `accepted, and then not a byte of what ${to} sent came through`,
    untried: 'not tried',
    reached: 'reached',
    open: 'open',
  }
  return `${from} → ${to} ${protocol}/${port}: ${what[state]} (needed for ${need})`
}

function likelyFix({ from, to }: PairSeen, { protocol, port, state }: FlowSeen): string {
  const open = `on ${to}: firewall-cmd --permanent --add-port=${port}/${protocol} && firewall-cmd --reload, or ufw allow ${port}/${protocol}`
  if (state === 'stranger')
    return `two machines may have the address of ${to}, or a router translates it: look from ${from} with ip neigh`
  if (state === 'mute')
    return `something between ${from} and ${to} answers in the name of ${to}: take ${protocol}/${port} out of its proxying`
  if (state === 'silent')
    return `a firewall of ${to}, or one between, drops it: open ${port}/${protocol} from ${from}; ${open}`
  if (state === 'refused')
    return `a firewall of ${to}, or one between, rejects it: open ${port}/${protocol} from ${from}; ${open}`
  return `mend the route from ${from} to ${to} (ip route get, there), or the firewall that forbids it; ${open}`
}
