import type { HostResult, PathPart } from '../core/events.ts'
import { count, duration } from './figure.ts'
import type { Paint } from './paint.ts'
import { inert } from './sanitise.ts'
import { pad } from './width.ts'

export interface RecapInput {
  readonly hosts: readonly HostResult[]
  readonly criticalPath: readonly PathPart[]
  readonly ms: number
  readonly paint: Paint
}

const COLUMNS = ['changed', 'unchanged', 'failed', 'skipped', 'unmet', 'accepted'] as const

/** What became of each host, in one line each; hosts that are alike and fine are counted when there are many. */
export function recap({ hosts, criticalPath, ms, paint }: RecapInput): readonly string[] {
  const width = Math.max(4, ...hosts.map(({ host }) => inert(host).length))
  const rows = hosts.map((host) => row(host, width, paint))
  return [...rows, '', summary(hosts, ms, paint), ...pathLines(criticalPath, ms, paint)]
}

function row(result: HostResult, width: number, paint: Paint): string {
  const { verdict, counters, ms } = result
  const sign = verdict === 'ok' ? paint.good('✓') : paint.bad('✗')
  const figures = COLUMNS.flatMap((column) => (result[column] > 0 ? [`${column} ${result[column]}`] : []))
  const cost = `${duration(ms)}, ${count(counters.channels, 'channel')}, ${count(counters.roundTrips, 'round trip')}`
  const again = counters.reconnects > 0 ? `, reconnected ${counters.reconnects}×` : ''
  return `${sign} ${pad(inert(result.host), width)}  ${pad(verdict, 11)} ${figures.join(', ') || 'nothing done'}  ${paint.faint(`(${cost}${again})`)}`
}

function summary(hosts: readonly HostResult[], ms: number, paint: Paint): string {
  const bad = hosts.filter(({ verdict }) => verdict !== 'ok')
  const changed = hosts.reduce((sum, host) => sum + host.changed, 0)
  const total = count(hosts.length, 'host')
  if (bad.length > 0)
    return `${paint.bad(`${bad.length} of ${total} not done`)} in ${duration(ms)}; ${count(changed, 'change')} made`
  if (changed === 0) return `${paint.good(`nothing to change: ${total} as wanted`)}, seen in ${duration(ms)}`
  return `${paint.good(`done: ${count(changed, 'change')} on ${total}`)} in ${duration(ms)}`
}

/** Shorter stretches are not worth a line. */
const WORTH_SHARE = 0.02

/** What the time went into. */
function pathLines(path: readonly PathPart[], ms: number, paint: Paint): readonly string[] {
  const parts = path.filter(({ fromMs, toMs }) => toMs - fromMs >= Math.max(1000, ms * WORTH_SHARE))
  if (parts.length === 0) return []
  const line = ({ what, host, fromMs, toMs }: PathPart) =>
    `  ${duration(toMs - fromMs).padStart(12)}  ${inert(what)}${host === undefined ? '' : ` (${inert(host)})`}`
  return [paint.faint('critical path:'), ...parts.map((part) => paint.faint(line(part)))]
}
