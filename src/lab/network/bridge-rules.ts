import type { Report } from '../../core/events.ts'
import { ensurePackages } from '../debian/packages.ts'
import { must } from '../local/command.ts'
import type { Machine } from '../machine.ts'
import { tapOf } from './addresses.ts'
import { insideArgv } from './lan.ts'
import { linksOf, PLAIN_NETWORK } from './wire.ts'

/**
 * What a box on the way does: drop a port, drop what is too big. The bridge does it, so no machine can see it, and neither
 * end hears of it.
 */
export function bridgeRules(machines: readonly Machine[]): readonly string[] {
  return machines.flatMap((machine) => {
    const network = machine.spec.network ?? PLAIN_NETWORK
    const { mtu } = network.wan ?? {}
    const port = quoted(machine)
    return [
      ...(mtu === undefined ? [] : [tooBig(`iifname ${port}`, mtu), tooBig(`oifname ${port}`, mtu)]),
      ...linksOf(machine.name, network).flatMap(([name, link]) => {
        const peer = machines.find((other) => other.name === name)
        if (!peer) return []
        const way = `iifname ${port} oifname ${quoted(peer)}`
        return [
          ...(link.mtu === undefined || link.mtu === mtu ? [] : [tooBig(way, link.mtu)]),
          ...(link.blocked ?? []).map((blocked) => `${way} ${blocked.replace('/', ' dport ')} drop`),
        ]
      }),
    ]
  })
}

function quoted({ index }: Machine): string {
  return `"${tapOf(index).interface}"`
}

/** In a bridge's hooks the length is that of the packet without its Ethernet header. */
function tooBig(way: string, mtu: number): string {
  return `${way} meta length > ${mtu} drop`
}

/** Puts the rules in place of those there are, all at once. */
export async function applyBridgeRules(namespace: string, rules: readonly string[], report: Report): Promise<void> {
  await ensurePackages(['nftables'], report)
  const chain = ['chain forward {', 'type filter hook forward priority 0; policy accept;', ...rules, '}']
  // Declared first, so that deleting it never fails.
  const input = ['table bridge lab', 'delete table bridge lab', 'table bridge lab {', ...chain, '}', ''].join('\n')
  await must(insideArgv(namespace, ['nft', '-f', '-']), { deadlineMs: 20_000, input })
}
