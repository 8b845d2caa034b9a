import { duration } from './figure.ts'
import type { Paint } from './paint.ts'
import { inert } from './sanitise.ts'
import { cut, pad, widthOf } from './width.ts'

/** A node as the cluster knows it. */
export interface StatusRow {
  readonly name: string
  /** As kubectl says it: `unknown` when its kubelet has not been heard of for a while. */
  readonly ready: 'yes' | 'no' | 'unknown'
  /** Nothing new is put on it. */
  readonly cordoned: boolean
  readonly roles: readonly string[]
  readonly kubelet: string
  /** `containerd 2.3.4`. */
  readonly runtime: string
  readonly kernel: string
  readonly os: string
  /** Pods that are to run here, and those of them that are ready. */
  readonly pods: { readonly ready: number; readonly all: number }
  readonly ageMs: number
}

export interface StatusTextOptions {
  readonly paint: Paint
  readonly columns: number
}

interface Column {
  readonly title: string
  readonly cell: (row: StatusRow) => string
  /** Cut first when there is no room. */
  readonly most?: number
}

const COLUMNS: readonly Column[] = [
  { title: 'node', cell: ({ name }) => inert(name), most: 24 },
  { title: 'ready', cell: ({ ready, cordoned }) => (cordoned ? `${ready}, cordoned` : ready) },
  { title: 'roles', cell: ({ roles }) => inert(roles.join(',')), most: 20 },
  { title: 'kubelet', cell: ({ kubelet }) => inert(kubelet) },
  { title: 'runtime', cell: ({ runtime }) => inert(runtime), most: 18 },
  { title: 'pods', cell: ({ pods }) => (pods.ready === pods.all ? String(pods.all) : `${pods.ready}/${pods.all}`) },
  { title: 'age', cell: ({ ageMs }) => age(ageMs) },
]

/** The nodes of a cluster in a table, and what most of them have in common below it. */
export function statusTable(rows: readonly StatusRow[], { paint, columns }: StatusTextOptions): readonly string[] {
  if (rows.length === 0) return []
  const widths = COLUMNS.map(({ title, cell, most }) =>
    Math.min(most ?? 99, Math.max(title.length, ...rows.map((row) => widthOf(cell(row))))),
  )
  const line = (cells: readonly string[]) =>
    cut(
      cells
        .map((cell, i) => pad(cut(cell, widths[i] ?? 0), widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
      columns - 2,
    )
  return [
    paint.faint(`  ${line(COLUMNS.map(({ title }) => title))}`),
    ...rows.map((row) => `${sign(row, paint)} ${line(COLUMNS.map(({ cell }) => cell(row)))}`),
    ...systems(rows, { paint, columns }),
  ]
}

function sign({ ready, cordoned }: StatusRow, paint: Paint): string {
  if (ready !== 'yes') return paint.bad('✗')
  return cordoned ? paint.warn('△') : paint.good('✓')
}

/** Kernel and distribution, each once. */
function systems(rows: readonly StatusRow[], { paint, columns }: StatusTextOptions): readonly string[] {
  const groups = [...Map.groupBy(rows, ({ kernel, os }) => `${os}, kernel ${kernel}`)]
  return groups.map(([what, alike]) => {
    const who = alike.length === rows.length ? 'all' : alike.map(({ name }) => inert(name)).join(', ')
    return paint.faint(cut(`  ${inert(what)}: ${who}`, columns))
  })
}

const DAY_MS = 86_400_000

function age(ms: number): string {
  return ms < DAY_MS ? duration(ms) : `${Math.floor(ms / DAY_MS)} d`
}
