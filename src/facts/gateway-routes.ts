import { type Fact, probe } from '../core/fact.ts'

/** More nodes than a cluster may have: a router's whole table is nobody's pods. */
const ENOUGH = 20_000

/**
 * IPv4 networks that this host reaches over another machine, as CIDR: reading them costs nothing. Ask: `all`. The kernel
 * prints addresses as numbers of the machine's own byte order, which is little-endian on all we run on.
 */
export const gatewayRoutes: Fact<'all', readonly string[]> = {
  name: 'gateway-routes',
  id: (ask) => ask,
  script: () => `while read -r link network gateway flags count use metric mask rest; do
  case $gateway in 00000000 | Gateway) ;; *) printf 'all\\troute\\t%s\\t%s\\n' "$network" "$mask" ;; esac
done </proc/net/route | head -n ${ENOUGH}`,
  volatile: ['route'],
  parse: (lines) => lines.map(([, network = '', mask = '']) => `${bytesOf(network).join('.')}/${bitsOf(mask)}`),
}

/** `0001F40A` is 10.244.1.0. */
function bytesOf(hex: string): readonly number[] {
  const pairs = hex.match(/../g) ?? []
  return pairs.toReversed().map((pair) => Number.parseInt(pair, 16))
}

function bitsOf(mask: string): number {
  const ones = Number.parseInt(mask, 16).toString(2).replaceAll('0', '')
  return ones.length
}

export const gatewayRoutesProbe = probe(gatewayRoutes, 'all')
