import { PEER_PORTS } from '../../catalog/peer-ports.ts'
import { ENCAPSULATION } from '../mtu.ts'
import { listed, type PeerFinding } from '../peer-reach.ts'
import type { ProofAround } from './proof-around.ts'
import type { Way } from './proof-ways.ts'

/** What pods on one node send to pods on the others, TCP and UDP. */
export function podNetworkFinding({ host: { host, said }, out, hosts, wanted }: ProofAround): PeerFinding | undefined {
  const base = {
    id: 'pod-network',
    severity: 'required',
    threshold: 'TCP and UDP arrive at the pods of every other node',
  } as const
  if (out.length === 0) return undefined
  const closed = out.filter(({ state }) => state === 'closed')
  const unknown = out.filter(({ state }) => state === 'unknown').map(({ pair }) => pair.to)
  const notes = unknown.length === 0 ? [] : [`not measured: to ${listed(unknown)}`]
  const [first] = closed
  if (!first) return { ...base, met: true, evidence: [`${out.length - unknown.length} ways open`, ...notes].join('; ') }
  const lines = closed.map(({ pair, what }) => `pods on ${host} → pods on ${pair.to}: ${what}`)
  const evidence = [listed(lines), ...notes].join('; ')
  const still = [host, ...closed.map(({ pair }) => pair.to)].filter((name) => hosts.get(name)?.said?.forwards === false)
  const off = said?.forwards === false ? host : still[0]
  if (off !== undefined) {
    const fix = `on ${off}: sysctl -w net.ipv4.ip_forward=1, and find out who set it to 0: provision up sets it, now and for the next start`
    return { ...base, met: false, evidence: `${evidence}; ${off} forwards nothing (net.ipv4.ip_forward is 0)`, fix }
  }
  return { ...base, met: false, evidence, fix: closedFix(first, wanted.network) }
}

function closedFix({ pair: { from, to, tcp, udp, arrived } }: Way, network: ProofAround['wanted']['network']): string {
  if (arrived) {
    const lost = tcp === 'reached' ? 'UDP' : 'TCP'
    return `something lets only a part of it through: look for ${lost} in the rules for 10.0.0.0/8 and the like on ${to} (iptables-save, nft list ruleset), and in NetworkPolicies that hold for all namespaces`
  }
  if (tcp === 'refused' || udp === 'refused')
    return `a firewall of ${to} rejects what comes for pods: look at its FORWARD chain (iptables -S FORWARD, nft list ruleset)`
  const [port] = PEER_PORTS[network]
  if (port === undefined)
    return `on ${from}: ip route (is there one to the pods of ${to}?), and what lies between must carry packets with the addresses of pods`
  const name = `${port.protocol}/${port.port}`
  return `the network carries them in ${name} from ${from} to ${to}, and that is dropped: open ${name} on ${to} for ${from} (firewall-cmd --permanent --add-port=${port.port}/${port.protocol} && firewall-cmd --reload, or ufw allow ${port.port}/${port.protocol}), and in whatever lies between; then look at FORWARD of ${to} (iptables -S FORWARD)`
}

/** Packets as big as pods may send them. */
export function packetFinding({ host: { host }, out, wanted }: ProofAround): PeerFinding | undefined {
  const measured = out.flatMap(({ pair: { to, mtu } }) => (mtu ? [{ to, ...mtu }] : []))
  const untold = out.filter(({ pair, state }) => state === 'open' && !pair.mtu)
  if (out.length === 0 || (measured.length === 0 && untold.length === 0)) return undefined
  const base = {
    id: 'pod-packets',
    severity: 'required',
    threshold: 'the biggest packet a pod may send arrives undivided',
  } as const
  const narrow = measured.filter(({ pathBytes, linkBytes }) => pathBytes < linkBytes)
  const least = Math.min(...narrow.map(({ pathBytes }) => pathBytes))
  if (narrow.length > 0) {
    const lines = narrow.map(
      ({ to, pathBytes, linkBytes }) =>
        `full packets of ${linkBytes} from pods on ${host} to pods on ${to} vanish; ${pathBytes} pass`,
    )
    const { ipv4Bytes, name } = ENCAPSULATION[wanted.network]
    const [{ to, linkBytes } = { to: '', linkBytes: 0 }] = narrow
    const fix = `the way from ${host} to ${to} carries ${least + ipv4Bytes}, and with ${name} pods of ${linkBytes} need ${linkBytes + ipv4Bytes}: mend it, or write network.mtu: ${least} in the inventory and run provision up`
    return { ...base, met: false, evidence: listed(lines), fix }
  }
  const sizes = [...new Set(measured.map(({ linkBytes }) => linkBytes))].toSorted((a, b) => a - b)
  const notes = untold.map(({ pair }) => `not measured: to ${pair.to}, whose answers are lost`)
  if (measured.length === 0) return { ...base, met: false, severity: 'advised', evidence: notes.join('; ') }
  const evidence = [
    `${sizes.join(', ')} bytes pass to ${measured.length} ${measured.length === 1 ? 'other' : 'others'}, one more is refused by the pod's own card`,
  ]
  return { ...base, met: true, evidence: [...evidence, ...notes].join('; ') }
}
