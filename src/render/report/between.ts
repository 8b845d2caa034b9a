import type { Matrix, MatrixCell } from '../../core/matrix.ts'
import { count } from '../figure.ts'
import { html, type Markup, type Piece } from './markup.ts'
import { badge, block, scroll } from './parts.ts'
import type { ReportView } from './report-data.ts'

/** More hosts are drawn as a picture of one point for each pair. */
const TABLE_HOSTS = 24
/** Pairs out of the ordinary that are told in words. */
const TOLD_PAIRS = 24

type Tone = MatrixCell['tone']

/** What is known of every pair of hosts. */
export function between({ matrices }: ReportView): Piece {
  if (matrices.length === 0) return undefined
  return block(
    'between',
    'Between hosts',
    html`<p class="soft">From the row to the column.</p><div class="matrices">${matrices.map(matrixFigure)}</div>`,
  )
}

function matrixFigure(matrix: Matrix): Markup {
  const { title, unit, hosts, cells } = matrix
  const body = hosts.length <= TABLE_HOSTS ? table(matrix) : picture(matrix)
  const tones = Map.groupBy(cells, ({ tone }) => tone)
  const figures = (['bad', 'odd', 'unknown'] as const).flatMap((tone) => {
    const some = tones.get(tone)?.length ?? 0
    return some > 0 ? [badge(BADGE[tone], `${some} ${tone}`, SIGN[tone])] : []
  })
  const verdict = figures.length === 0 ? badge('good', `all ${cells.length} as usual`) : figures
  return html`<figure><figcaption><b>${title}</b> <span class="soft">${unit}</span> ${verdict}</figcaption>${scroll(body)}${told(cells)}</figure>`
}

const BADGE = { bad: 'bad', odd: 'warn', unknown: 'soft' } as const
const SIGN: Readonly<Record<Tone, string>> = { usual: '', odd: '!', bad: '✗', unknown: '?' }

function table({ hosts, cells, places = hosts }: Matrix): Markup {
  const cellOf = new Map(cells.map((cell) => [`${cell.from} ${cell.to}`, cell]))
  const rows = hosts.map((from) => {
    const row = places.map((to) => {
      const cell = cellOf.get(`${from} ${to}`)
      if (!cell) return html`<td class="self">${from === to ? '·' : ''}</td>`
      const note = `${from} → ${to}: ${cell.text}${cell.note === undefined ? '' : `, ${cell.note}`}`
      return html`<td class="${cell.tone}" title="${note}">${cell.text}${cell.tone === 'odd' || cell.tone === 'bad' ? html`<sup>${SIGN[cell.tone]}</sup>` : ''}</td>`
    })
    return html`<tr><th scope="row">${from}</th>${row}</tr>`
  })
  return html`<table class="matrix"><thead><tr><th></th>${places.map((host) => html`<th scope="col">${host}</th>`)}</tr></thead><tbody>${rows}</tbody></table>`
}

/** One point a pair: a host whose row or column differs stands out among hundreds. */
function picture({ hosts, cells, places = hosts }: Matrix): Markup {
  const line = new Map(hosts.map((host, i) => [host, i]))
  const place = new Map(places.map((name, i) => [name, i]))
  const grid = hosts.map(() => new Array<Tone | undefined>(places.length))
  for (const { from, to, tone } of cells) {
    const row = grid[line.get(from) ?? -1]
    const column = place.get(to)
    if (row && column !== undefined) row[column] = tone
  }
  const paths = (['usual', 'unknown', 'odd', 'bad'] as const).map(
    (tone) => html`<path class="${tone}" d="${runs(grid, tone)}"/>`,
  )
  return html`<svg class="picture" viewBox="0 0 ${places.length} ${hosts.length}" role="img" aria-label="${count(cells.length, 'pair')}">${paths}</svg>`
}

/** Runs of one tone, row by row, as one path: a few bytes each however many points they have. */
function runs(grid: readonly (readonly (Tone | undefined)[])[], tone: Tone): string {
  let path = ''
  for (const [y, row] of grid.entries()) {
    for (let x = 0; x < row.length; x++) {
      if (row[x] !== tone) continue
      const from = x
      while (x < row.length && row[x] === tone) x++
      path += `M${from} ${y}h${x - from}v1h${from - x}z`
    }
  }
  return path
}

const RANK: Readonly<Record<Tone, number>> = { bad: 0, odd: 1, unknown: 2, usual: 3 }

/** In words what is out of the ordinary: a tooltip is nothing on a phone, and on paper. */
function told(cells: readonly MatrixCell[]): Piece {
  const odd = cells.filter(({ tone }) => tone !== 'usual').toSorted((a, b) => RANK[a.tone] - RANK[b.tone])
  if (odd.length === 0) return undefined
  const items = odd
    .slice(0, TOLD_PAIRS)
    .map(
      ({ from, to, text, tone, note }) =>
        html`<li><span class="${tone}">${SIGN[tone]}</span> ${from} → ${to}: ${text}${note === undefined ? '' : `, ${note}`}</li>`,
    )
  const rest = odd.length - items.length
  const more = rest > 0 ? html`<li class="soft">and ${rest} more</li>` : ''
  return html`<ul class="told">${items}${more}</ul>`
}
