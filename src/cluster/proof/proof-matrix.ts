import type { Matrix } from '../../core/matrix.ts'
import { type Cell, clockCell, median, rttCell, UNKNOWN } from '../peer-matrix.ts'
import type { PodPair, ProofSeen } from './proof-seen.ts'
import { type Way, waysOf } from './proof-ways.ts'

/** What was measured between pods, as matrices: from the pod of the row to the pod of the column. */
export function proofMatrices(seen: ProofSeen, limits: { readonly clockSkewMs: number }): readonly Matrix[] {
  const names = seen.hosts.map(({ host }) => host)
  if (seen.pairs.length === 0) return []
  const hosts = new Map(seen.hosts.map((host) => [host.host, host] as const))
  const usualMs = median(seen.pairs.flatMap(({ rtt }) => (rtt ? [rtt.medianMs] : [])))
  const matrix = (title: string, unit: string, cells: Matrix['cells']): Matrix => ({ title, unit, hosts: names, cells })
  const each = (cell: (pair: PodPair) => Cell) =>
    seen.pairs.map((pair) => ({ from: pair.from, to: pair.to, ...cell(pair) }))
  return [
    matrix(
      'pod to pod, TCP and UDP',
      '',
      waysOf(seen.pairs).map((way) => ({ from: way.pair.from, to: way.pair.to, ...wayCell(way) })),
    ),
    matrix('pod to pod, biggest packet', 'bytes', each(packetCell)),
    matrix(
      'pod to pod, round trip',
      'ms',
      each((pair) => rttCell(pair, usualMs)),
    ),
    matrix(
      'clock of the column ahead of that of the row',
      'ms',
      each((pair) => clockCell(pair, hosts, limits.clockSkewMs)),
    ),
  ]
}

function wayCell({ state, what }: Way): Cell {
  const note = what === undefined ? {} : { note: what }
  if (state === 'unknown') return { ...UNKNOWN, ...note }
  return { text: state === 'open' ? 'ok' : 'lost', tone: state === 'open' ? 'usual' : 'bad', ...note }
}

function packetCell({ mtu }: PodPair): Cell {
  if (!mtu) return UNKNOWN
  const text = String(mtu.pathBytes)
  if (mtu.pathBytes >= mtu.linkBytes) return { text, tone: 'usual' }
  return {
    text,
    tone: 'bad',
    note: `pods send up to ${mtu.linkBytes}, and what is bigger than ${mtu.pathBytes} vanishes`,
  }
}
