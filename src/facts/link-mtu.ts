import { type Fact, type Probe, probe } from '../core/fact.ts'
import { quote } from '../core/quote.ts'

export interface LinkMtu {
  /** Bytes of the biggest packet it takes. */
  readonly bytes: number
  /** Where it is a bridge: the same of whatever is plugged into it, one figure each. */
  readonly ports: readonly number[]
}

/** MTU of a network interface; undefined where there is none of that name. Pods come and go, so ports are no part of a guard. */
export const linkMtu: Fact<string, LinkMtu | undefined> = {
  name: 'link-mtu',
  id: (device) => device,
  script: (devices) => `mtu_of() { read -r value <"/sys/class/net/$1/mtu" 2>/dev/null; }
for device in ${devices.map(quote).join(' ')}; do
  mtu_of "$device" || continue
  printf '%s\\tmtu\\t%s\\n' "$device" "$value"
  for port in /sys/class/net/"$device"/brif/*; do
    ! mtu_of "\${port##*/}" || printf '%s\\tport\\t%s\\n' "$device" "$value"
  done
done
:`,
  volatile: ['port'],
  parse(lines) {
    const figures = (word: string) => lines.flatMap(([field, value]) => (field === word ? [Number(value)] : []))
    const [bytes] = figures('mtu')
    return bytes === undefined ? undefined : { bytes, ports: figures('port') }
  },
}

export function linkMtuProbe(device: string): Probe<string, LinkMtu | undefined> {
  return probe(linkMtu, device)
}
