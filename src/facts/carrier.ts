import { type Fact, type Probe, probe } from '../core/fact.ts'
import { quote } from '../core/quote.ts'

/** The card of this host that has an address, and how long the prefix of its network is. */
export interface Carrier {
  readonly card: string
  readonly prefixLength: number
}

/** Who has an IPv4 address here; undefined when nobody has. The ask is the address. */
export const carrier: Fact<string, Carrier | undefined> = {
  name: 'carrier',
  id: (address) => address,
  script: (addresses) => `ip -4 -o addr show | while read -r index card family address rest; do
case "$family \${address%/*}" in
${addresses.map((address) => `'inet '${quote(address)}) printf '%s\\t%s\\t%s\\n' ${quote(address)} "\${card%%@*}" "\${address#*/}" ;;`).join('\n')}
esac
done`,
  parse(lines) {
    const [card, length] = lines[0] ?? []
    return card === undefined ? undefined : { card, prefixLength: Number(length ?? 32) }
  },
}

export function carrierProbe(address: string): Probe<string, Carrier | undefined> {
  return probe(carrier, address)
}
