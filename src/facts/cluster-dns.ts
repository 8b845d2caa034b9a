import type { Fact } from '../core/fact.ts'
import { FactError } from '../core/fact-error.ts'
import { quote } from '../core/quote.ts'

export interface DnsAsk {
  /** Address of the DNS service. */
  readonly server: string
  /** Full name to ask for, e.g. `kubernetes.default.svc.cluster.local`. */
  readonly name: string
}

export type DnsAnswer =
  | { readonly state: 'silent' }
  | { readonly state: 'answered'; readonly code: number; readonly addresses: readonly string[] }

/** Asks twice over TCP would hide a broken UDP path, and every resolver begins with UDP. */
const WAIT_SECONDS = 3

/**
 * Asks a DNS server for an IPv4 address over UDP from the host itself, the way any resolver does, so the answer proves the
 * service address works. bash opens the socket (`/dev/udp`): no tool for it is part of every system.
 * Message format: RFC 1035 §4.
 */
export const clusterDns: Fact<DnsAsk, DnsAnswer> = {
  name: 'cluster-dns',
  id: ({ server, name }) => `${server}/${name}`,
  // A host that is no node yet has nothing to ask, and would wait for it.
  script: (asks) =>
    [
      '[ -e /etc/kubernetes/kubelet.conf ] || exit 0',
      ...asks.map((ask) => `printf '%s\\tanswer\\t%s\\n' ${quote(`${ask.server}/${ask.name}`)} "$(${askScript(ask)})"`),
    ].join('\n'),
  volatile: ['answer'],
  parse(lines, { name }) {
    const hex = lines[0]?.[1] ?? ''
    return hex === '' ? { state: 'silent' } : readAnswer(Buffer.from(hex, 'hex'), name)
  },
}

const QUERY_ID = 0x5056

/**
 * Shell that prints the answer in hexadecimal, or nothing. A datagram is one write and one read: bash would send at every
 * newline (a label of ten letters begins with one), and `head` would wait for more.
 */
function askScript({ server, name }: DnsAsk): string {
  const ask = `exec 3<>/dev/udp/${server}/53 && printf ${quote(octal(dnsQuery(name)))} | dd ibs=64 obs=512 >&3 && dd bs=512 count=1 <&3`
  return `timeout ${WAIT_SECONDS} bash -c ${quote(ask)} 2>/dev/null | od -An -v -tx1 | tr -d ' \\n'`
}

/** Shell test: does the server answer, without an error and with at least one record? Bytes 4 and 7 of the header. */
export function dnsQueryScript(ask: DnsAsk): string {
  return `case $(${askScript(ask)}) in ??????[08]0????000[1-9]*) : ;; *) false ;; esac`
}

/** Asks for the IPv4 addresses of a name. */
export function dnsQuery(name: string): Uint8Array {
  const labels = name.split('.').filter((label) => label !== '')
  const question = labels.flatMap((label) => [label.length, ...Buffer.from(label)])
  const header = [QUERY_ID >> 8, QUERY_ID & 0xff, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0]
  return Uint8Array.from([...header, ...question, 0, 0, 1, 0, 1])
}

function octal(bytes: Uint8Array): string {
  return [...bytes].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')
}

function readAnswer(message: Buffer, name: string): DnsAnswer {
  if (message.length < 12 || message.readUInt16BE(0) !== QUERY_ID) {
    throw new FactError('cluster-dns', `${name}: the answer is no DNS message (${message.length} bytes)`)
  }
  const code = message.readUInt16BE(2) & 0x0f
  const answers = message.readUInt16BE(6)
  let at = skipName(message, 12) + 4
  const addresses: string[] = []
  for (let i = 0; i < answers && at + 10 < message.length; i++) {
    at = skipName(message, at)
    const type = message.readUInt16BE(at)
    const length = message.readUInt16BE(at + 8)
    if (type === 1 && length === 4) addresses.push([...message.subarray(at + 10, at + 14)].join('.'))
    at += 10 + length
  }
  return { state: 'answered', code, addresses }
}

function skipName(message: Buffer, from: number): number {
  let at = from
  while (at < message.length) {
    const length = message[at] ?? 0
    if (length === 0) return at + 1
    if (length >= 0xc0) return at + 2
    at += length + 1
  }
  return at
}
