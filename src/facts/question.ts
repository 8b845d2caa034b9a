import { dnsQuery } from './cluster-dns.ts'

/**
 * What peers ask of services that need not know them: an order `question ABOUT PROTOCOL ADDRESS PORT TIMES WANT TEXT` (TEXT in
 * hexadecimal) and for each time an answer `asked ABOUT STATE MS BYTES` (the first 64 that came back).
 */
export interface Question {
  /** Names it in the answers; holds no tab. */
  readonly about: string
  readonly protocol: 'tcp' | 'udp'
  readonly address: string
  readonly port: number
  /** One after the other; three silences in a row end it. */
  readonly times: number
  /** `open`: that the connection is taken is answer enough. */
  readonly want: 'answer' | 'open'
  /** Said once connected; nothing where the other one speaks first. */
  readonly text?: Uint8Array
}

export interface Asked {
  readonly state: AskedState
  /** Until the answer, or until there was none. */
  readonly ms: number
  /** The first bytes of it. */
  readonly heard: Buffer
  readonly why?: string
}

/** `silent`: no connection, or no datagram, in time. `mute`: connected, and not a byte came. */
export type AskedState = 'answered' | 'open' | 'silent' | 'mute' | 'refused' | 'unreachable'

const STATES: ReadonlySet<string> = new Set<AskedState>(['answered', 'open', 'silent', 'mute', 'refused'])

export function questionOrders(questions: readonly Question[]): string {
  return questions
    .map(({ about, protocol, address, port, times, want, text }) =>
      ['question', about, protocol, address, port, times, want, Buffer.from(text ?? []).toString('hex')].join('\t'),
    )
    .map((line) => `${line}\n`)
    .join('')
}

/** By what they were about, in the order they were asked. */
export function readAsked(text: string): ReadonlyMap<string, readonly Asked[]> {
  const lines = text.split('\n').flatMap((line) => {
    const [word, about = '', state = '', ms = '', hex = ''] = line.split('\t')
    return word === 'asked' ? [{ about, asked: askedOf(state, Number(ms), Buffer.from(hex, 'hex')) }] : []
  })
  const grouped = Map.groupBy(lines, ({ about }) => about)
  return new Map([...grouped].map(([about, some]) => [about, some.map(({ asked }) => asked)]))
}

function askedOf(word: string, ms: number, heard: Buffer): Asked {
  if (STATES.has(word)) return { state: word as AskedState, ms, heard }
  return { state: 'unreachable', ms, heard, why: word.replace(/^[a-z]+: /, '') }
}

/** Which peer of this survey answered: `provision TOKEN NAME`. */
export function greetedBy({ heard }: Asked, token: string): string | undefined {
  const [first, key, name] = heard.toString('utf8').trimEnd().split(' ')
  return first === 'provision' && key === token ? name : undefined
}

export function nameQuestion(about: string, server: string, name: string, times: number): Question {
  return { about, protocol: 'udp', address: server, port: 53, times, want: 'answer', text: dnsQuery(name) }
}

/** An answer without an error, with at least one record (RFC 1035 §4.1.1). */
export function namesSomething({ state, heard }: Asked): boolean {
  return state === 'answered' && heard.length >= 12 && (heard[3] ?? 0) % 16 === 0 && heard.readUInt16BE(6) > 0
}

/** The first words of TLS: whoever serves it answers with a handshake of its own. */
export function tlsQuestion(about: string, address: string, port: number, times: number): Question {
  return { about, protocol: 'tcp', address, port, times, want: 'answer', text: CLIENT_HELLO }
}

/** A record of type handshake (22), or an alert (21): it is TLS that speaks there. */
export function speaksTls({ state, heard }: Asked): boolean {
  return state === 'answered' && (heard[0] === 22 || heard[0] === 21) && heard[1] === 3
}

const two = (value: number): readonly number[] => [value >> 8, value & 255]
/** With its length in front, in two bytes. */
const vector = (bytes: readonly number[]): readonly number[] => [...two(bytes.length), ...bytes]
const extension = (type: number, bytes: readonly number[]): readonly number[] => [...two(type), ...vector(bytes)]

/** TLS 1.2 (RFC 5246 §7.4.1.2) as every server takes it; its random bytes need not be: nothing is ever sent under it. */
const CLIENT_HELLO = Uint8Array.from(clientHello())

function clientHello(): readonly number[] {
  const suites = [0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0x1301].flatMap(two)
  const extensions = [
    ...extension(10, vector([0x001d, 0x0017, 0x0018].flatMap(two))),
    ...extension(11, [1, 0]),
    ...extension(13, vector([0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501].flatMap(two))),
  ]
  const random = Array.from({ length: 32 }, (_, i) => i)
  const body = [3, 3, ...random, 0, ...vector(suites), 1, 0, ...vector(extensions)]
  return [22, 3, 1, ...vector([1, 0, ...two(body.length), ...body])]
}
