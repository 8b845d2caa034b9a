import ipaddr from 'ipaddr.js'

/** Addresses without a gap, both ends included, as numbers of one family. */
export interface AddressRange {
  readonly family: 'ipv4' | 'ipv6'
  readonly first: bigint
  readonly last: bigint
}

/** `192.0.2.0/28`, or `192.0.2.10-192.0.2.20`. Nothing for anything else; ends may stand the wrong way round. */
export function parseRange(text: string): AddressRange | undefined {
  if (text.includes('/')) return parseSubnet(text)
  const [first, last, more] = text.split('-').map(parseAddress)
  if (!first || !last || more !== undefined || first.family !== last.family) return undefined
  return { family: first.family, first: first.first, last: last.first }
}

/** One address as a range; nothing for a name. */
export function parseAddress(text: string): AddressRange | undefined {
  if (!ipaddr.IPv4.isValidFourPartDecimal(text) && !(ipaddr.IPv6.isValid(text) && !text.includes('%'))) return undefined
  const address = ipaddr.parse(text)
  const value = numberOf(address.toByteArray())
  return { family: address.kind(), first: value, last: value }
}

function parseSubnet(text: string): AddressRange | undefined {
  const [base = '', bits = ''] = text.split('/')
  const address = parseAddress(base)
  if (!address || !ipaddr.isValidCIDR(text)) return undefined
  const width = BigInt((address.family === 'ipv4' ? 32 : 128) - Number(bits))
  const first = (address.first >> width) << width
  return { family: address.family, first, last: first + (1n << width) - 1n }
}

export function overlap(a: AddressRange, b: AddressRange): boolean {
  return a.family === b.family && a.first <= b.last && b.first <= a.last
}

/** The addresses that are in both. */
export function intersection(a: AddressRange, b: AddressRange): AddressRange | undefined {
  if (!overlap(a, b)) return undefined
  return { family: a.family, first: a.first > b.first ? a.first : b.first, last: a.last < b.last ? a.last : b.last }
}

/** `192.0.2.10-192.0.2.20`. */
export function rangeText({ family, first, last }: AddressRange): string {
  return [first, last].map((value) => addressText(family, value)).join('-')
}

function addressText(family: AddressRange['family'], value: bigint): string {
  const length = family === 'ipv4' ? 4 : 16
  const bytes = Array.from({ length }, (_, i) => Number((value >> BigInt(8 * (length - 1 - i))) & 255n))
  return ipaddr.fromByteArray(bytes).toString()
}

/** The fewest subnets that make up a range: `10.9.0.0/31`, `10.9.0.2/32` for three addresses. */
export function subnetsOf({ family, first, last }: AddressRange): readonly string[] {
  const bits = family === 'ipv4' ? 32 : 128
  const subnets: string[] = []
  for (let next = first; next <= last; ) {
    let free = 0
    while (free < bits && next % (2n << BigInt(free)) === 0n && next + (2n << BigInt(free)) - 1n <= last) free += 1
    subnets.push(`${addressText(family, next)}/${bits - free}`)
    next += 1n << BigInt(free)
  }
  return subnets
}

/** How many addresses there are in it. */
export function sizeOf({ first, last }: AddressRange): bigint {
  return last - first + 1n
}

/** Length of the prefix of the largest subnet that lies in it: 29 for 192.0.2.200-192.0.2.210, which holds 192.0.2.200/29. */
export function shortestPrefix({ family, first, last }: AddressRange): number {
  const bits = family === 'ipv4' ? 32 : 128
  for (let prefix = 0; prefix < bits; prefix++) {
    const size = 1n << BigInt(bits - prefix)
    const begin = ((first + size - 1n) / size) * size
    if (begin + size - 1n <= last) return prefix
  }
  return bits
}

function numberOf(bytes: readonly number[]): bigint {
  return bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n)
}
