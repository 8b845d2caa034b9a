import type { Matrix, MatrixCell } from '../core/matrix.ts'
import { count } from './figure.ts'
import type { Paint } from './paint.ts'
import { inert } from './sanitise.ts'
import { cut, pad, widthOf } from './width.ts'

export interface MatrixOptions {
  readonly paint: Paint
  readonly columns: number
}

/** With more hosts only what is out of the ordinary is shown. */
const WHOLE_HOSTS = 12
const CELL_COLUMNS = 5
/** Lines of what is out of the ordinary. */
const ODD_LINES = 20

/**
 * A matrix for a terminal: rows send, columns receive. Every tone has a sign besides its colour: `!` odd, `✗` bad, `?`
 * unknown.
 */
export function matrixLines(matrix: Matrix, options: MatrixOptions): readonly string[] {
  const unit = matrix.unit === '' ? '' : ` (${matrix.unit})`
  const title = options.paint.strong(`${inert(matrix.title)}${unit}`)
  const names = matrix.hosts.map((host) => inert(host))
  const fits = fitsGrid(matrix, options.columns)
  const body = fits ? grid(matrix, names, options) : summary(matrix, options)
  return [title, ...body, ...notes(matrix, options, fits)]
}

/** Whether it is shown whole: a number, the name cut to eight columns, and a cell for each column beside each other. */
export function fitsGrid({ hosts, places = hosts }: Matrix, columns: number): boolean {
  return hosts.length <= WHOLE_HOSTS && 12 + places.length * (CELL_COLUMNS + 1) <= columns
}

function grid(
  { hosts, cells, places }: Matrix,
  names: readonly string[],
  { paint, columns }: MatrixOptions,
): readonly string[] {
  const cellOf = new Map(cells.map((cell) => [`${cell.from} ${cell.to}`, cell]))
  const width = CELL_COLUMNS + 1
  const to = places ?? hosts
  const label = Math.min(columns - to.length * width - 4, Math.max(...names.map(widthOf)))
  const number = (i: number) => String(i + 1).padStart(2)
  const right = (text: string) => ' '.repeat(Math.max(0, width - widthOf(text))) + text
  const header = ' '.repeat(label + 4) + to.map((_, i) => right(String(i + 1))).join('')
  const rows = hosts.map((from, i) => {
    const row = to.map((place) => {
      const cell = cellOf.get(`${from} ${place}`)
      if (!cell) return right(from === place ? '·' : '')
      const text = right(cut(inert(cell.text), CELL_COLUMNS - 1) + SIGN[cell.tone])
      return toned(cell, paint)(text)
    })
    return `${places ? '  ' : number(i)}  ${pad(cut(names[i] ?? from, label), label)}${row.join('')}`
  })
  const legend = (places ?? []).map((place, i) => paint.faint(cut(`${number(i)}: ${inert(place)}`, columns)))
  return [paint.faint(header.trimEnd()), ...rows.map((row) => row.trimEnd()), ...legend]
}

/** `usual` cells keep the column of the sign free, so that figures stand below each other. */
const SIGN: Readonly<Record<MatrixCell['tone'], string>> = { usual: ' ', odd: '!', bad: '✗', unknown: ' ' }

function toned({ tone }: MatrixCell, paint: Paint): (text: string) => string {
  if (tone === 'bad') return paint.bad
  if (tone === 'odd') return paint.warn
  return tone === 'unknown' ? paint.faint : (text) => text
}

/** Among many hosts: how many are as usual, and what that is. */
function summary({ cells, hosts, places }: Matrix, { columns }: MatrixOptions): readonly string[] {
  const usual = cells.filter(({ tone }) => tone === 'usual')
  const counts = [...Map.groupBy(usual, ({ text }) => text)].map(([text, same]) => [text, same.length] as const)
  const [most] = counts.toSorted(([, a], [, b]) => b - a)
  const figures = usual.map(({ text }) => Number(text)).filter((value) => !Number.isNaN(value))
  const range = figures.length === 0 ? undefined : `${least(figures)} to ${-least(figures.map((value) => -value))}`
  const what = counts.length === 1 ? `all ${most?.[0]}` : (range ?? `most ${most?.[0]}`)
  const ends = `${count(hosts.length, 'host')}${places ? ` and ${count(places.length, 'place')}` : ''}`
  const text = `${usual.length} of ${count(cells.length, 'way')} between ${ends} as usual: ${inert(what)}`
  return [cut(usual.length === 0 ? `none of ${count(cells.length, 'way')} as usual` : `  ${text}`, columns)]
}

/** Not `Math.min(...)`: hundreds of hosts have more ways between them than a call may have arguments. */
function least(values: readonly number[]): number {
  return values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY)
}

/** What is out of the ordinary, in words. In a grid unknown ones can be seen to be so. */
function notes({ cells }: Matrix, { paint, columns }: MatrixOptions, isGrid: boolean): readonly string[] {
  const rank = { bad: 0, odd: 1, unknown: 2, usual: 3 } as const
  const told = cells
    .filter(({ tone, note }) => (tone === 'unknown' ? !isGrid : tone !== 'usual' && (note !== undefined || !isGrid)))
    .toSorted((a, b) => rank[a.tone] - rank[b.tone])
  const lines = told.slice(0, ODD_LINES).map((cell) => {
    const note = cell.note === undefined ? '' : `: ${inert(cell.note)}`
    const sign = cell.tone === 'unknown' ? '?' : SIGN[cell.tone]
    return toned(
      cell,
      paint,
    )(cut(`  ${sign} ${inert(cell.from)} → ${inert(cell.to)} ${inert(cell.text)}${note}`, columns))
  })
  const rest = told.length - lines.length
  return rest > 0 ? [...lines, paint.faint(`  and ${rest} more`)] : lines
}
