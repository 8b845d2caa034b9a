import { duration } from '../figure.ts'
import { axis, track } from './chart.ts'
import { html, type Piece } from './markup.ts'
import { block, scroll } from './parts.ts'
import type { ReportView } from './report-data.ts'

/** Shorter stretches are left out: they decide nothing. */
const WORTH_SHARE = 0.005

/** What everything after it had to wait for: where to look if a run is to be faster. */
export function criticalPath({ criticalPath: path, ms }: ReportView): Piece {
  const parts = path.filter(({ fromMs, toMs }) => toMs - fromMs >= ms * WORTH_SHARE)
  if (parts.length === 0) return undefined
  const rows = parts.map(({ what, host, fromMs, toMs }) => {
    const place = host === undefined ? '' : html` <span class="soft">${host}</span>`
    const percent = Math.round((100 * (toMs - fromMs)) / Math.max(1, ms))
    const bar = { fromMs, toMs, tone: 'path', text: `${what}, ${duration(toMs - fromMs)}, ${percent} %` }
    return html`<div class="row"><span class="name" title="${what}">${what}${place}</span><span class="n">${duration(toMs - fromMs)}</span>${track([bar], ms)}</div>`
  })
  const chart = html`<div class="chart steps"><div class="row head"><span></span><span></span>${axis(ms)}</div>${rows}</div>`
  return block(
    'path',
    'Critical path',
    html`<p class="soft">The slowest host's chain of work. Uploads belong to the stretch they stand before.</p>${scroll(chart)}`,
  )
}
