import { RunLog } from '../../src/cli/run-log.ts'
import type { Event } from '../../src/core/events.ts'
import type { Matrix, MatrixCell } from '../../src/core/matrix.ts'
import { reportPage } from '../../src/render/report/page.ts'
import type { ReportData } from '../../src/render/report/report-data.ts'
import { Timeline } from '../../src/render/report/timeline.ts'

/** What a report would be made from, had these events been a run. */
export function reportData(events: readonly Event[], more: Partial<ReportData> = {}): ReportData {
  const begin = events.find((event) => event.type === 'run')
  const end = events.find((event) => event.type === 'end')
  const log = new RunLog(begin?.hosts ?? [])
  const timeline = new Timeline()
  for (const event of events) {
    log.on(event)
    timeline.on(event)
  }
  return {
    cluster: 'lab',
    who: 'me@here',
    startedAt: new Date('2026-11-23T06:30:43Z'),
    aim: 'act',
    ms: end?.ms ?? 0,
    exit: end?.exit ?? 0,
    declined: false,
    criticalPath: end?.criticalPath ?? [],
    plans: log.plans,
    results: log.results,
    settled: [...log.settled.values()],
    proofKeys: new Set(['condition:cluster-dns']),
    timeline,
    matrices: [],
    ...more,
  }
}

export function reportOf(events: readonly Event[], more: Partial<ReportData> = {}): string {
  return reportPage(reportData(events, more))
}

type Cell = Pick<MatrixCell, 'text' | 'tone' | 'note'>

/** A cell for every ordered pair. */
export function matrixOf(title: string, hosts: readonly string[], cell: (from: number, to: number) => Cell): Matrix {
  const cells = hosts.flatMap((from, i) => hosts.flatMap((to, j) => (i === j ? [] : [{ from, to, ...cell(i, j) }])))
  return { title, unit: 'ms', hosts, cells }
}
