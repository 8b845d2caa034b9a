import type { Matrix, MatrixCell } from '../core/matrix.ts'
import { skewOf } from './peer-findings.ts'
import { type PointLimits, pointsMatrix } from './peer-points.ts'
import type { HostSeen, PairSeen, PeersSeen } from './peers-seen.ts'

type Tone = MatrixCell['tone']
export type Cell = Pick<MatrixCell, 'text' | 'tone' | 'note'>

export const UNKNOWN: Cell = { text: '?', tone: 'unknown', note: 'not measured' }
/** A round trip this many times the usual one is worth a look, when it is above the noise of a busy machine as well. */
const ODD_RTT_FACTOR = 5
const NOISE_MS = 5

/** What was measured between hosts: ports, sizes, times and clocks, each as a matrix. */
export function peerMatrices(
  seen: PeersSeen,
  limits: { readonly clockSkewMs: number; readonly pointLimits?: PointLimits },
): readonly Matrix[] {
  const names = seen.hosts.map(({ host }) => host)
  const hosts = new Map(seen.hosts.map((host) => [host.host, host] as const))
  const usualMs = median(seen.pairs.flatMap(({ rtt }) => (rtt ? [rtt.medianMs] : [])))
  const matrix = (title: string, unit: string, cell: (pair: PairSeen) => Cell): Matrix => ({
    title,
    unit,
    hosts: names,
    cells: seen.pairs.map((pair) => ({ from: pair.from, to: pair.to, ...cell(pair) })),
  })
  return [
    matrix('ports', '', portsCell),
    matrix('path MTU', 'bytes', mtuCell),
    matrix('round trip', 'ms', (pair) => rttCell(pair, usualMs)),
    matrix('clock of the column ahead of that of the row', 'ms', (pair) => clockCell(pair, hosts, limits.clockSkewMs)),
    ...pointsMatrix(seen, limits.pointLimits ?? new Map(), figure),
  ]
}

function portsCell({ reached, others }: PairSeen): Cell {
  const wrong = others.filter(({ state }) => state !== 'untried')
  const name = ({ protocol, port, state }: (typeof others)[number]) => `${protocol}/${port} ${state}`
  if (wrong.length > 0)
    return { text: `${reached}/${reached + wrong.length}`, tone: 'bad', note: wrong.map(name).join(', ') }
  if (others.length === 0) return { text: reached === 0 ? '-' : 'ok', tone: 'usual' }
  const note = others.map(({ protocol, port, why }) => `${protocol}/${port}: ${why ?? 'not tried'}`).join(', ')
  return reached === 0 ? { text: '?', tone: 'unknown', note } : { text: 'ok', tone: 'usual', note }
}

function mtuCell({ mtu }: PairSeen): Cell {
  if (!mtu) return UNKNOWN
  const text = String(mtu.pathBytes)
  if (mtu.pathBytes >= mtu.linkBytes) return { text, tone: 'usual' }
  return { text, tone: 'odd', note: `the card takes ${mtu.linkBytes}` }
}

export function rttCell({ rtt }: Pick<PairSeen, 'rtt'>, usualMs: number): Cell {
  if (!rtt) return UNKNOWN
  const tone: Tone = rtt.medianMs > Math.max(NOISE_MS, ODD_RTT_FACTOR * usualMs) ? 'odd' : 'usual'
  return { text: figure(rtt.medianMs), tone, ...(rtt.by === 'tcp' ? { note: 'of a TCP handshake' } : {}) }
}

export function clockCell(
  pair: Pick<PairSeen, 'from' | 'to' | 'skew'>,
  hosts: ReadonlyMap<string, HostSeen>,
  limitMs: number,
): Cell {
  const skew = skewOf(pair, hosts)
  if (!skew) return UNKNOWN
  const { aheadMs, errorMs } = skew
  const isWrong = Math.abs(aheadMs) - errorMs > limitMs
  return { text: signed(aheadMs), tone: isWrong ? 'bad' : 'usual', note: `± ${figure(errorMs)} ms` }
}

/** At most four columns, as exact as fits: `0.04`, `12.3`, `345`, `12k`. */
export function figure(value: number): string {
  if (value < 9.995) return value.toFixed(2)
  if (value < 99.95) return value.toFixed(1)
  if (value < 999.5) return value.toFixed(0)
  return `${Math.min(999, Math.round(value / 1000))}k`
}

/** Milliseconds with their sign, in four columns: `-0.3`, `250`, `-12s`, `3d`. */
function signed(ms: number): string {
  const size = Math.abs(ms)
  const sign = ms < 0 && size >= 0.05 ? '-' : ''
  if (size < 9.95) return `${sign}${size.toFixed(1)}`
  if (size < 999.5) return `${sign}${size.toFixed(0)}`
  const units = [
    ['s', 1000],
    ['m', 60_000],
    ['h', 3_600_000],
    ['d', 86_400_000],
  ] as const
  const unit = units.find(([, length]) => size / length < 99.5)
  return unit ? `${sign}${Math.round(size / unit[1])}${unit[0]}` : '>99d'
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? 0
}
