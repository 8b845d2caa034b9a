import type { Fact } from '../core/fact.ts'
import { namedValues, SHOW_FIRST_LINE } from './first-line.ts'

/** What must differ between the nodes of a cluster. Empty where a machine has none. */
export interface Identity {
  readonly hostname: string
  readonly machineId: string
  /** Of the firmware; readable by root only. */
  readonly productUuid: string
  /** Of physical and emulated cards, by interface; none of bridges, tunnels and pods. */
  readonly macs: ReadonlyMap<string, string>
}

/** Names and numbers of a machine. */
export const identity: Fact<undefined, Identity> = {
  name: 'identity',
  id: () => 'host',
  script: () => `${SHOW_FIRST_LINE}
show host hostname /proc/sys/kernel/hostname
show host machine-id /etc/machine-id
show host product-uuid /sys/class/dmi/id/product_uuid
for card in /sys/class/net/*; do
if [ -e "$card/device" ]; then show host "mac:\${card##*/}" "$card/address"; fi
done`,
  parse(lines) {
    const seen = namedValues(lines)
    const macs = [...seen].flatMap(([name, value]) =>
      name.startsWith('mac:') && value !== '' ? [[name.slice(4), value.toLowerCase()] as const] : [],
    )
    return {
      hostname: seen.get('hostname') ?? '',
      machineId: seen.get('machine-id') ?? '',
      productUuid: (seen.get('product-uuid') ?? '').toLowerCase(),
      macs: new Map(macs),
    }
  },
}
