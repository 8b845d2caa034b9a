import { type Fact, type Probe, probe } from '../core/fact.ts'
import { argv, quote } from '../core/quote.ts'

export interface AddressUseAsk {
  /** The address in question. */
  readonly address: string
  /** Addresses of those who may have it. */
  readonly holders: readonly string[]
  /** File of the program that carries the address: where it is, nobody needs to be asked any more. */
  readonly unless: string
}

/** Who has an address in the network of this host. */
export type AddressUse =
  /** This host itself, or it is set up to carry it. */
  | { readonly state: 'ours' }
  /** Nobody answered a question for it. */
  | { readonly state: 'free' }
  /** Somebody did: the hardware address, and whether that is the card of one of the holders. */
  | { readonly state: 'taken'; readonly card: string; readonly byHolder: boolean }

/**
 * Asked by ARP, which every machine answers whatever its firewall: a packet is sent there, and the kernel then knows a
 * hardware address or does not. A second at most, and only before this host carries the address itself.
 */
export const addressUse: Fact<AddressUseAsk, AddressUse> = {
  name: 'address-use',
  id: ({ address }) => address,
  script: (asks) => `card_of() { ip neigh show to "$1" | sed -n 's/.* lladdr \\([^ ]*\\) .*/\\1/p' | head -n 1; }
call() { ping -n -q -c 1 -W 1 "$1" >/dev/null 2>&1 || :; }
use() {
id=$1 file=$2; shift 2
if [ -e "$file" ] || [ -n "$(ip -4 -o addr show to "$id")" ]; then printf '%s\\tours\\n' "$id"; return; fi
call "$id"; card=$(card_of "$id")
[ -n "$card" ] || { printf '%s\\tfree\\n' "$id"; return; }
by=nobody
for holder in "$@"; do call "$holder"; [ "$(card_of "$holder")" != "$card" ] || by=holder; done
printf '%s\\ttaken\\t%s\\t%s\\n' "$id" "$card" $by
}
${asks.map(({ address, unless, holders }) => `use ${quote(address)} ${quote(unless)} ${argv(holders)}`).join('\n')}`,
  volatile: ['ours', 'free', 'taken'],
  parse(lines) {
    const [state, card = '', by] = lines[0] ?? []
    if (state === 'taken') return { state, card, byHolder: by === 'holder' }
    return { state: state === 'ours' ? 'ours' : 'free' }
  },
}

export function addressUseProbe(ask: AddressUseAsk): Probe<AddressUseAsk, AddressUse> {
  return probe(addressUse, ask)
}
