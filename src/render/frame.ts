import { count, duration } from './figure.ts'
import type { Paint } from './paint.ts'
import type { HostView, RunView, TaskView } from './run-view.ts'
import { cut, pad, widthOf } from './width.ts'

export interface FrameSize {
  readonly columns: number
  /** Lines the frame may take. */
  readonly rows: number
}

export interface FrameOptions extends FrameSize {
  readonly nowMs: number
  readonly paint: Paint
  /** Sign of what is going on. */
  readonly spinner: string
}

/** Below this a frame is one line. */
const MIN_ROWS = 6
const MIN_COLUMNS = 40

/** One picture of a run that fits the terminal, whatever the number of hosts. */
export function frame(view: RunView, options: FrameOptions): readonly string[] {
  if (options.columns < MIN_COLUMNS) return [cut(view.title, options.columns)]
  const head = headLine(view, options)
  if (options.rows < MIN_ROWS) return [head]
  const hosts = [...view.hosts.values()]
  const tasks = [...view.tasks.values()]
  const free = options.rows - 1
  // Local work gets what hosts leave, and at least a third.
  const forTasks = Math.max(Math.floor(free / 3), free - 2 * hosts.length)
  const taskLines = taskRows(tasks, { ...options, rows: forTasks })
  const hostLines = hostRows(hosts, { ...options, rows: free - taskLines.length })
  return [head, ...taskLines, ...hostLines]
}

function headLine({ title, hosts }: RunView, { columns, nowMs, paint }: FrameOptions): string {
  const phases = Map.groupBy(hosts.values(), ({ phase }) => phase)
  const size = (...wanted: HostView['phase'][]) => wanted.reduce((n, phase) => n + (phases.get(phase)?.length ?? 0), 0)
  const parts = [
    [size('done'), 'done'],
    [size('failed'), 'failed'],
    [size('active', 'idle'), 'at work'],
    [size('waiting'), 'waiting'],
  ] as const
  const states = parts.flatMap(([number, what]) => (number > 0 ? [`${number} ${what}`] : []))
  const right = [...(hosts.size > 1 ? [states.join(', ')] : []), duration(nowMs)].filter(Boolean).join('  ')
  return paint.strong(spread(title, right, columns))
}

/** Left text, cut if need be, and right text at the right edge. */
function spread(left: string, right: string, columns: number): string {
  if (right === '') return cut(left, columns)
  const room = columns - widthOf(right) - 2
  if (room < 8) return cut(left, columns)
  return `${pad(cut(left, room), room)}  ${right}`
}

function taskRows(tasks: readonly TaskView[], options: FrameOptions): readonly string[] {
  const shown = tasks.filter(isWorthALine)
  const room = shown.length > options.rows ? options.rows - 1 : options.rows
  const kept = new Set(shown.toSorted((a, b) => taskRank(a) - taskRank(b)).slice(0, Math.max(0, room)))
  const rows = shown.filter((task) => kept.has(task)).map((task) => taskRow(task, tasks, options))
  const rest = shown.length - kept.size
  return rest > 0 ? [...rows, options.paint.faint(cut(`  … ${rest} more local tasks`, options.columns))] : rows
}

/** What goes on, and what went wrong. What is done and took its time has a line that stays, above the frame. */
function isWorthALine({ state }: TaskView): boolean {
  return state === 'active' || state === 'failed'
}

function taskRank({ state, depth }: TaskView): number {
  if (state === 'failed') return 0
  if (state === 'active') return 1 + depth
  return 9
}

function taskRow(task: TaskView, tasks: readonly TaskView[], { columns, nowMs, paint, spinner }: FrameOptions): string {
  const sign = { active: spinner, ok: paint.good('✓'), cached: paint.good('✓'), failed: paint.bad('✗') }[task.state]
  const parts = tasks.filter(({ id }) => id.startsWith(`${task.id}/`))
  const ready = parts.filter(({ state }) => state === 'ok' || state === 'cached').length
  const how = [
    ...(task.progress === undefined ? [] : [task.progress]),
    ...(parts.length > 0 && task.state === 'active' ? [`${ready} of ${count(parts.length, 'part')} ready`] : []),
    ...(task.line !== undefined && task.state !== 'ok' && task.state !== 'cached' ? [task.line] : []),
  ]
  const indent = ' '.repeat(2 * task.depth)
  const time = duration(task.ms ?? nowMs - task.sinceMs)
  return `${indent}${sign} ${spread([task.title, ...how].join('  '), time, columns - indent.length - 2)}`
}

const PHASE_RANK: Readonly<Record<HostView['phase'], number>> = { failed: 0, active: 1, idle: 2, waiting: 3, done: 4 }

function hostRows(hosts: readonly HostView[], options: FrameOptions): readonly string[] {
  const overfull = hosts.length > options.rows
  const room = overfull ? Math.max(0, options.rows - 1) : hosts.length
  const kept = new Set(hosts.toSorted((a, b) => PHASE_RANK[a.phase] - PHASE_RANK[b.phase]).slice(0, room))
  const shown = hosts.filter((host) => kept.has(host))
  const ordered = overfull ? shown.toSorted((a, b) => PHASE_RANK[a.phase] - PHASE_RANK[b.phase]) : shown
  const width = Math.min(24, Math.max(0, ...ordered.map(({ name }) => widthOf(name))))
  // Spare lines show what the first hosts at work print.
  let spare = options.rows - shown.length - (overfull ? 1 : 0)
  const rows = ordered.flatMap((host) => {
    const row = hostRow(host, width, options)
    if (host.line === undefined || host.phase !== 'active' || spare <= 0) return [row]
    spare--
    return [row, options.paint.faint(cut(`    │ ${host.line}`, options.columns))]
  })
  return overfull ? [...rows, options.paint.faint(cut(moreHosts(hosts, kept), options.columns))] : rows
}

function hostRow(host: HostView, width: number, { columns, nowMs, paint, spinner }: FrameOptions): string {
  const signs = { waiting: '·', active: spinner, idle: '○', done: paint.good('✓'), failed: paint.bad('✗') }
  const steps = host.stepsTotal > 0 && !host.result ? `${host.stepsDone}/${host.stepsTotal}  ` : ''
  const time = host.result ? duration(host.result.ms) : host.phase === 'waiting' ? '' : duration(nowMs - host.sinceMs)
  const name = pad(cut(host.name, width), width)
  return `${signs[host.phase]} ${name}  ${spread(doingOf(host), `${steps}${time}`, columns - width - 4)}`
}

function doingOf({ result, doing, phase }: HostView): string {
  if (!result) return phase === 'waiting' ? 'not connected yet' : doing
  const figures = (['changed', 'failed', 'unmet', 'skipped'] as const).flatMap((what) =>
    result[what] > 0 ? [`${result[what]} ${what}`] : [],
  )
  return [result.verdict === 'ok' ? 'done' : result.verdict, ...figures].join(', ')
}

/** `… 87 more hosts: 60 done, 27 waiting`. */
function moreHosts(hosts: readonly HostView[], kept: ReadonlySet<HostView>): string {
  const rest = hosts.filter((host) => !kept.has(host))
  const words = { failed: 'failed', active: 'at work', idle: 'planned', waiting: 'waiting', done: 'done' }
  const phases = Map.groupBy(rest, ({ phase }) => phase)
  const states = [...phases].map(([phase, some]) => `${some.length} ${words[phase]}`)
  return `  … ${rest.length} more ${rest.length === 1 ? 'host' : 'hosts'}: ${states.join(', ')}`
}
