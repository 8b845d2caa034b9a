import type { HostResult, PathPart } from '../core/events.ts'
import { count, duration } from './figure.ts'
import type { Paint } from './paint.ts'
import { inert } from './sanitise.ts'
import { cut, pad, widthOf } from './width.ts'

export interface RecapInput {
  readonly hosts: readonly HostResult[]
  readonly criticalPath: readonly PathPart[]
  readonly ms: number
  readonly paint: Paint
  /** Every host is as wanted, and what they are together was not proven. */
  readonly isUnproven?: boolean
}

/** Above this number, hosts that are alike and well share a line. */
const MANY_HOSTS = 24
const MAX_NAME_COLUMNS = 32

/** What became of each host, and what the time went into. */
export function recap(input: RecapInput): readonly string[] {
  const { hosts, criticalPath, ms, paint } = input
  return [...table(hosts, paint), '', summary(input), ...pathLines(criticalPath, ms, paint)]
}

interface Row {
  readonly name: string
  readonly first: HostResult
  readonly all: readonly HostResult[]
}

interface Column {
  readonly title: string
  readonly cell: (row: Row) => string
}

const FIGURES = ['changed', 'unchanged', 'failed', 'skipped', 'unmet', 'accepted'] as const

function table(hosts: readonly HostResult[], paint: Paint): readonly string[] {
  const figures = FIGURES.filter((figure) => figure === 'changed' || hosts.some((host) => host[figure] > 0))
  const columns: readonly Column[] = [
    ...figures.map((figure) => ({ title: figure, cell: ({ first }: Row) => String(first[figure]) })),
    { title: 'time', cell: ({ all }) => duration(Math.max(...all.map(({ ms }) => ms))) },
    { title: 'channels', cell: ({ all }) => most(all, ({ counters }) => counters.channels) },
    ...(hosts.some(({ counters }) => counters.reconnects > 0)
      ? [{ title: 'reconnects', cell: ({ all }: Row) => most(all, ({ counters }) => counters.reconnects) }]
      : []),
  ]
  const rows = rowsOf(hosts)
  const name = Math.min(MAX_NAME_COLUMNS, Math.max(4, ...rows.map((row) => widthOf(row.name))))
  const verdict = Math.max(...rows.map(({ first }) => first.verdict.length), 'verdict'.length)
  const widths = columns.map(({ title, cell }) => Math.max(title.length, ...rows.map((row) => cell(row).length)))
  const line = (sign: string, left: readonly [string, string], cells: readonly string[]) =>
    [sign, pad(cut(left[0], name), name), pad(left[1], verdict), ...cells].join(' ')
  return [
    paint.faint(
      line(
        ' ',
        ['host', 'verdict'],
        columns.map(({ title }, i) => title.padStart(widths[i] ?? 0)),
      ),
    ),
    ...rows.map((row) =>
      line(
        row.first.verdict === 'ok' ? paint.good('✓') : paint.bad('✗'),
        [row.name, row.first.verdict],
        columns.map(({ cell }, i) => cell(row).padStart(widths[i] ?? 0)),
      ),
    ),
  ]
}

function most(all: readonly HostResult[], figure: (host: HostResult) => number): string {
  return String(Math.max(...all.map(figure)))
}

/** Trouble first when there are many hosts, and those that are well together. */
function rowsOf(hosts: readonly HostResult[]): readonly Row[] {
  const single = (host: HostResult): Row => ({ name: inert(host.host), first: host, all: [host] })
  if (hosts.length <= MANY_HOSTS) return hosts.map(single)
  const bad = hosts.filter(({ verdict }) => verdict !== 'ok').map(single)
  const good = hosts.filter(({ verdict }) => verdict === 'ok')
  const groups = Map.groupBy(good, (host) => FIGURES.map((figure) => host[figure]).join(' '))
  const together = [...groups.values()].flatMap((all) => {
    const [first] = all
    if (!first) return []
    return [all.length === 1 ? single(first) : { name: `${inert(first.host)} and ${all.length - 1} more`, first, all }]
  })
  return [...bad, ...together]
}

function summary({ hosts, ms, paint, isUnproven = false }: RecapInput): string {
  const bad = hosts.filter(({ verdict }) => verdict !== 'ok')
  const changed = hosts.reduce((sum, host) => sum + host.changed, 0)
  const changes = count(changed, 'change')
  const total = count(hosts.length, 'host')
  if (bad.length > 0) return `${paint.bad(`${bad.length} of ${total} not done`)} in ${duration(ms)}; ${changes} made`
  if (isUnproven) return `${paint.bad(`${total} as wanted, but not proven`)} in ${duration(ms)}; ${changes} made`
  if (changed === 0) return `${paint.good('nothing to change')}: ${total} as wanted, seen in ${duration(ms)}`
  return `${paint.good('done')}: ${changes} on ${total} in ${duration(ms)}`
}

/** Shorter stretches are not worth a line. */
const WORTH_SHARE = 0.02

/** Host by host's slowest chain: what everything after it had to wait for. */
function pathLines(path: readonly PathPart[], ms: number, paint: Paint): readonly string[] {
  const parts = path.filter(({ fromMs, toMs }) => toMs - fromMs >= Math.max(1000, ms * WORTH_SHARE))
  if (parts.length === 0) return []
  const line = ({ what, host, fromMs, toMs }: PathPart) =>
    `  ${duration(toMs - fromMs).padStart(12)}  ${inert(what)}${host === undefined ? '' : ` (${inert(host)})`}`
  return [paint.faint('critical path:'), ...parts.map((part) => paint.faint(line(part)))]
}
