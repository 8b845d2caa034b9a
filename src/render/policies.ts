import type { Matrix } from '../core/matrix.ts'
import { fitsGrid, type MatrixOptions, matrixLines } from './matrix.ts'
import { inert } from './sanitise.ts'
import { cut } from './width.ts'

/** Who may talk to whom, for a terminal: as a table where there is room, else what is allowed, a line for each who begins. */
export function policyLines(matrix: Matrix, options: MatrixOptions): readonly string[] {
  if (fitsGrid(matrix, options.columns)) return matrixLines(matrix, options)
  const rows = matrix.hosts.flatMap((from) => {
    const open = matrix.cells.filter((cell) => cell.from === from && cell.text !== 'no')
    const named = open.map(({ to, text }) => (text === 'yes' ? to : `${to} (${text})`))
    const lines = named.length === 0 ? ['nobody'] : named
    return [`  ${inert(from)} →`, ...lines.map((line) => cut(`    ${inert(line)}`, options.columns))]
  })
  return [options.paint.strong(inert(matrix.title)), ...rows]
}
