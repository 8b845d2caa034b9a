import { readFileSync } from 'node:fs'
import { quote } from '../core/quote.ts'
import type { ClockReading, Survey } from '../core/survey.ts'
import { portOwners } from './port.ts'

/**
 * What is said to and by `peer.pl` and `peer.py`, in lines of fields between tabs.
 *
 * Orders: `name HOST TOKEN`, `deadline SECONDS`, `point NAME HOST PORT`…, `address IP` (`-`: find it), `listen PROTOCOL PORT`…,
 * `ready`; then `target HOST IP MEASURE-PORT PROTOCOL:PORT:EXPECT`…, `go`; at any time `clock ID`. The end of stdin ends it.
 *
 * Answers: `listen PROTOCOL PORT ours|taken|failed: WHY`, `measure PORT`, `own IP`, mark `listening`; `heard HOST PORT` (UDP);
 * `reach HOST PROTOCOL PORT STATE MS`, `rtt HOST udp|tcp LEAST MEDIAN`, `skew HOST AHEAD ERROR` (all in milliseconds),
 * `mtu HOST PATH LINK` (bytes), `point NAME tcp LEAST MEDIAN` or `point NAME WHY-NOT`, marks `progress DONE TOTAL`, `probed`,
 * `clock ID MS`. Before them `owner PROTOCOL/PORT PROCESS` for ports that are taken, and `program perl|python|none`.
 */
export interface Flow {
  readonly protocol: 'tcp' | 'udp'
  readonly port: number
}

/** How a connection to a port of another host went. */
export type ReachState =
  /** The listener of this very survey answered. */
  | 'reached'
  /** A service that runs there already took the connection. */
  | 'open'
  /** The host, or a firewall in its name, said no. */
  | 'refused'
  /** No answer at all within 4 seconds and three tries: the mark of a firewall that drops. */
  | 'silent'
  /** Somebody answered who is not that host. */
  | 'stranger'
  /** The connection was accepted, and not a byte came through it. */
  | 'mute'
  /** No route, a router that says no, or no socket to be had: `why` tells. */
  | 'unreachable'

export interface Reach extends Flow {
  readonly to: string
  readonly state: ReachState
  readonly why?: string
  readonly ms?: number
}

/** What a host offers to the others. */
export interface Listening {
  /** Its own IP address: the one it was told, or that of its default route. */
  readonly address: string | undefined
  /** UDP port that echoes, for measuring where no other may be used. 0: none. */
  readonly measurePort: number
  readonly program: 'perl' | 'python' | 'none'
  /** State of each port it was to listen on. */
  readonly ports: ReadonlyMap<string, PortState>
}

export interface PortState {
  readonly state: 'ours' | 'taken' | 'failed'
  /** Processes that hold it, or why it could not be opened. */
  readonly by: string
}

/** What one host saw of the others. */
export interface Seen {
  readonly reaches: readonly Reach[]
  /** `HOST PORT` of datagrams that arrived from others, whether or not the answer got back. */
  readonly heard: ReadonlySet<string>
  /** Round trip in milliseconds. */
  readonly rtt: ReadonlyMap<string, { readonly by: 'udp' | 'tcp'; readonly leastMs: number; readonly medianMs: number }>
  /** How far the other clock is ahead of this one, and how far that may be wrong, in milliseconds. */
  readonly skew: ReadonlyMap<string, { readonly aheadMs: number; readonly errorMs: number }>
  /** Biggest IP packet that arrived undivided, and the biggest this host can send that way, in bytes. */
  readonly mtu: ReadonlyMap<string, { readonly pathBytes: number; readonly linkBytes: number }>
  readonly points: ReadonlyMap<
    string,
    { readonly leastMs: number; readonly medianMs: number } | { readonly why: string }
  >
}

export interface Target {
  readonly host: string
  readonly address: string
  readonly measurePort: number
  readonly flows: readonly (Flow & { readonly expect: 'ours' | 'taken' })[]
}

export interface Point {
  readonly name: string
  readonly host: string
  /** Any TCP port: a refusal is as good an echo as a greeting. */
  readonly port: number
}

export const flowName = ({ protocol, port }: Flow): string => `${protocol}/${port}`

const source = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8')

/** Shell that runs the program, in whatever language the host has, as the last words of the command line in "$@". */
export const peerProgram = `if command -v perl >/dev/null 2>&1 && perl -MSocket -MPOSIX -e 1 2>/dev/null; then
printf 'program\\tperl\\n'
"$@" perl -e ${quote(source('peer.pl'))}
exit
fi
for python in python3 /usr/libexec/platform-python; do
command -v "$python" >/dev/null 2>&1 || continue
printf 'program\\tpython\\n'
"$@" "$python" -c ${quote(source('peer.py'))}
exit
done
printf 'program\\tnone\\n'`

/** It travels in the script, and no file is left behind. */
export function peerScript(flows: readonly Flow[]): string {
  const each = [...new Map(flows.map((flow) => [flowName(flow), flow])).values()]
  return `mark peers
( ${portOwners.script(each)}
) </dev/null | while IFS= read -r line; do printf 'owner\\t%s\\n' "$line"; done
export provision_nonce
set -- exec
${peerProgram}`
}

const line = (...words: readonly (string | number)[]): string => `${words.join('\t')}\n`

/** The first thing a host is told. `flows`: where it is to listen. */
export function openingOrders(
  host: string,
  given: {
    readonly token: string
    readonly address: string | undefined
    readonly flows: readonly Flow[]
    readonly points: readonly Point[]
  },
  deadlineSeconds: number,
): string {
  return [
    line('deadline', deadlineSeconds),
    line('name', host, given.token),
    ...given.points.map((point) => line('point', point.name, point.host, point.port)),
    line('address', given.address ?? '-'),
    ...given.flows.map(({ protocol, port }) => line('listen', protocol, port)),
    line('ready'),
  ].join('')
}

export function probeOrders(targets: readonly Target[]): string {
  const lines = targets.map(({ host, address, measurePort, flows }) =>
    line('target', host, address, measurePort, ...flows.map((flow) => `${flow.protocol}:${flow.port}:${flow.expect}`)),
  )
  return [...lines, line('go')].join('')
}

export const clockOrder: Survey['clockOrder'] = (id) => line('clock', id)

const linesOf = (text: string): readonly (readonly string[])[] => text.split('\n').map((part) => part.split('\t'))

/** Reads what a host printed before it was ready. */
export function readListening(text: string): Listening {
  const lines = linesOf(text)
  const fields = (word: string) => lines.filter(([first]) => first === word).map(([, ...rest]) => rest)
  const [[address = '-'] = []] = fields('own')
  const [[measurePort] = []] = fields('measure')
  const [[program] = []] = fields('program')
  return {
    address: address === '-' ? undefined : address,
    measurePort: Number(measurePort ?? 0),
    program: program === 'perl' || program === 'python' ? program : 'none',
    ports: new Map(
      fields('listen').map(([protocol, port, state = '']) => {
        const name = `${protocol}/${port}`
        const owners = fields('owner').flatMap(([of, owner = '']) => (of === name ? [owner] : []))
        return [name, portState(state, [...new Set(owners)])]
      }),
    ),
  }
}

function portState(state: string, owners: readonly string[]): PortState {
  if (state === 'ours') return { state, by: '' }
  if (state === 'taken') return { state, by: owners.join(', ') || 'somebody' }
  return { state: 'failed', by: state.replace(/^failed: /, '') }
}

const STATES: ReadonlySet<string> = new Set<ReachState>(['reached', 'open', 'refused', 'silent', 'stranger', 'mute'])

/** Reads what a host printed of the others. Lines that are not of this language are passed over. */
export function readSeen(text: string): Seen {
  const lines = Map.groupBy(linesOf(text), ([word]) => word)
  /** By the name in the second field. */
  const read = <T>(word: string, value: (fields: readonly string[]) => T): ReadonlyMap<string, T> =>
    new Map((lines.get(word) ?? []).map(([, name = '', ...rest]) => [name, value(rest)]))
  return {
    reaches: (lines.get('reach') ?? []).flatMap(([, to = '', protocol, port, word = '', ms = '']) =>
      protocol === 'tcp' || protocol === 'udp' ? [reachOf({ to, protocol, port: Number(port) }, word, ms)] : [],
    ),
    heard: new Set((lines.get('heard') ?? []).map(([, from, port]) => `${from} ${port}`)),
    rtt: read('rtt', ([by, least, median]) => ({
      by: by === 'udp' ? 'udp' : 'tcp',
      leastMs: Number(least),
      medianMs: Number(median),
    })),
    skew: read('skew', ([ahead, error]) => ({ aheadMs: Number(ahead), errorMs: Number(error) })),
    mtu: read('mtu', ([path, link]) => ({ pathBytes: Number(path), linkBytes: Number(link) })),
    points: read('point', ([first = '', least, median]) =>
      first === 'tcp' ? { leastMs: Number(least), medianMs: Number(median) } : { why: first },
    ),
  }
}

function reachOf(flow: Flow & { readonly to: string }, word: string, ms: string): Reach {
  const timed = ms === '' ? {} : { ms: Number(ms) }
  if (STATES.has(word)) return { ...flow, state: word as ReachState, ...timed }
  return { ...flow, state: 'unreachable', why: word.replace(/^[a-z]+: /, '') }
}

/**
 * How far a host's clock is ahead of ours: between these, in milliseconds. Undefined when it gave none. Our own clock counts
 * whole milliseconds, so an answer may have come up to one later than it seems.
 */
export function clockBounds(readings: readonly ClockReading[]): { leastMs: number; mostMs: number } | undefined {
  if (readings.length === 0) return undefined
  return {
    leastMs: Math.max(...readings.map(({ hostMs, heardMs }) => hostMs - heardMs - 1)),
    mostMs: Math.min(...readings.map(({ hostMs, askedMs }) => hostMs - askedMs)),
  }
}
