import type { Fact } from '../core/fact.ts'
import { FactError } from '../core/fact-error.ts'

export interface VirtualServer {
  readonly protocol: string
  /** Dotted address. */
  readonly address: string
  readonly port: number
  readonly scheduler: string
  readonly realServers: number
}

/** The kernel's IPVS table, read from /proc/net/ip_vs (addresses there are hexadecimal). Ask: `table`. */
export const ipvsTable: Fact<'table', readonly VirtualServer[]> = {
  name: 'ipvs',
  id: () => 'table',
  script: () => `[ -r /proc/net/ip_vs ] && while read -r word address rest; do
  case $word in
    TCP|UDP|SCTP) printf 'table\\tserver\\t%s\\t%s\\t%s\\n' "$word" "$address" "$rest" ;;
    '->') case $address in RemoteAddress:*) ;; *) printf 'table\\treal\\n' ;; esac ;;
  esac
done </proc/net/ip_vs
:`,
  volatile: ['server', 'real'],
  parse(lines) {
    const servers: (VirtualServer & { realServers: number })[] = []
    for (const [kind, protocol = '', address = '', rest = ''] of lines) {
      const last = servers.at(-1)
      if (kind === 'real' && last) last.realServers++
      if (kind !== 'server') continue
      const match = /^([0-9A-F]{8}):([0-9A-F]{4})$/.exec(address)
      if (!match) {
        if (address.startsWith('[')) continue
        throw new FactError('ipvs', `${address} is not an address`)
      }
      const dotted = [...Buffer.from(match[1] ?? '', 'hex')].join('.')
      servers.push({
        protocol,
        address: dotted,
        port: Number.parseInt(match[2] ?? '', 16),
        scheduler: rest.split(' ')[0] ?? '',
        realServers: 0,
      })
    }
    return servers
  },
}
