import type { Matrix, MatrixCell } from '../core/matrix.ts'
import { listed, type PeerFinding } from './peer-reach.ts'
import type { HostSeen, PeersSeen, PointSeen } from './peers-seen.ts'

/** By host, then name of the place: how long a connection to it may take to begin, in milliseconds. */
export type PointLimits = ReadonlyMap<string, ReadonlyMap<string, number>>

/** How far the places are that the user named. Only one with a limit keeps a host from being changed. */
export function pointsFinding({ host, points }: HostSeen, limits: PointLimits): PeerFinding | undefined {
  if (points.length === 0) return undefined
  const limitOf = ({ name }: PointSeen) => limits.get(host)?.get(name)
  const wrong = points.filter((point) => isWrong(point, limitOf(point)))
  const told = (some: readonly PointSeen[]) => some.map((point) => `${host} → ${sentence(point, limitOf(point))}`)
  const known = limits.get(host) ?? new Map<string, number>()
  const threshold =
    known.size === 0 ? 'each answers' : [...known].map(([name, ms]) => `${name} within ${ms} ms`).join(', ')
  const base = { id: 'points', threshold } as const
  if (wrong.length === 0) return { ...base, met: true, severity: 'required', evidence: listed(told(points)) }
  const isRequired = wrong.some((point) => limitOf(point) !== undefined)
  return {
    ...base,
    met: false,
    severity: isRequired ? 'required' : 'advised',
    evidence: listed(told(wrong)),
    fix: `look on ${host} at its name (getent hosts) and its route (ip route get); or change verify.points`,
  }
}

function isWrong(point: PointSeen, limitMs = Number.POSITIVE_INFINITY): boolean {
  return 'why' in point || point.medianMs > limitMs
}

function sentence(point: PointSeen, limitMs: number | undefined): string {
  if ('why' in point) return `${point.name}: ${point.why}`
  const limit = limitMs !== undefined && point.medianMs > limitMs ? `, more than ${limitMs} ms` : ''
  return `${point.name} ${point.medianMs.toFixed(1)} ms${limit}`
}

/** The same as a matrix: from hosts to places. Nothing where nobody named any. */
export function pointsMatrix({ hosts }: PeersSeen, limits: PointLimits, figure: (ms: number) => string): Matrix[] {
  const places = [...new Set(hosts.flatMap(({ points }) => points.map(({ name }) => name)))]
  if (places.length === 0) return []
  const cells = hosts.flatMap(({ host, points }) =>
    points.map((point): MatrixCell => {
      const from = { from: host, to: point.name }
      if ('why' in point) return { ...from, text: '-', tone: 'bad', note: point.why }
      const limitMs = limits.get(host)?.get(point.name)
      const text = figure(point.medianMs)
      return isWrong(point, limitMs)
        ? { ...from, text, tone: 'bad', note: `more than ${limitMs} ms` }
        : { ...from, text, tone: 'usual' }
    }),
  )
  return [{ title: 'to the places you named', unit: 'ms', hosts: hosts.map(({ host }) => host), places, cells }]
}
