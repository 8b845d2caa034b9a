import type { Failure, HostResult } from '../../core/events.ts'
import { bytes, count, duration } from '../figure.ts'
import { html, type Markup, type Piece, textLines } from './markup.ts'
import { badge, block, scroll } from './parts.ts'
import type { ReportView } from './report-data.ts'

/** Lines of output a card shows at most. */
const CARD_LINES = 40
const CARDS = 60
/** More hosts get a box of their own to scroll in, those in trouble first. */
const MANY_HOSTS = 40

const FIGURES = ['changed', 'unchanged', 'failed', 'skipped', 'unmet', 'accepted'] as const

/** What became of each host, and what it cost. */
export function hosts({ results, timeline, unvisited }: ReportView): Markup {
  const isMany = results.length > MANY_HOSTS
  const sorted = isMany ? results.toSorted((a, b) => Number(a.verdict === 'ok') - Number(b.verdict === 'ok')) : results
  const rows = sorted.map((result) => hostRow(result, timeline.peers.get(result.host)?.address))
  const head = ['host', 'verdict', ...FIGURES, 'time', 'channels', 'sent', 'received', 'address']
  const cells = head.map((name) => (isFigure(name) ? html`<th class="n">${name}</th>` : html`<th>${name}</th>`))
  const table = html`<table class="hosts"><thead><tr>${cells}</tr></thead><tbody>${rows}${unvisited.map(unvisitedRow)}</tbody></table>`
  return block('hosts', 'Hosts', html`${scroll(table, isMany)}${access(timeline.peers)}`)
}

function isFigure(name: string): boolean {
  return !['host', 'verdict', 'address'].includes(name)
}

function hostRow(result: HostResult, address: string | undefined): Markup {
  const { host, verdict, ms, counters } = result
  const figures = FIGURES.map((name) => {
    const value = result[name]
    const tone = value === 0 ? 'soft' : name === 'failed' || name === 'unmet' ? 'bad' : ''
    return html`<td class="n ${tone}">${value}</td>`
  })
  const again =
    counters.reconnects > 0 ? html` <span class="warn">+${count(counters.reconnects, 'reconnect')}</span>` : ''
  return html`<tr><th scope="row">${host}</th><td>${badge(verdict === 'ok' ? 'good' : 'bad', verdict)}</td>${figures}<td class="n">${duration(ms)}</td><td class="n">${counters.channels}${again}</td><td class="n">${bytes(counters.bytesSent)}</td><td class="n">${bytes(counters.bytesReceived)}</td><td>${address}</td></tr>`
}

function unvisitedRow(host: string): Markup {
  return html`<tr><th scope="row">${host}</th><td>${badge('soft', 'not there yet')}</td><td colspan="11"></td></tr>`
}

function access(peers: ReportView['timeline']['peers']): Piece {
  if (peers.size === 0) return undefined
  const rows = [...peers].map(
    ([host, { address, port, user, become, hostKey }]) =>
      html`<tr><th scope="row">${host}</th><td>${address}:${port}</td><td>${user}</td><td>${become}</td><td><code>${hostKey}</code></td></tr>`,
  )
  const table = html`<table><thead><tr><th>host</th><th>address</th><th>user</th><th>root by</th><th>host key that was verified</th></tr></thead><tbody>${rows}</tbody></table>`
  return html`<details><summary>How they were reached</summary>${scroll(table, peers.size > MANY_HOSTS)}</details>`
}

/** One card for each trouble, above everything else. Hosts with the same trouble share one. */
export function failures({ results }: ReportView): Piece {
  const all = results.flatMap((result) => result.failures)
  if (all.length === 0) return undefined
  const groups = [...Map.groupBy(all, ({ host: _host, ...rest }) => JSON.stringify(rest)).values()]
  const cards = groups.slice(0, CARDS).map(card)
  const rest = groups.length - cards.length
  return block(
    'failures',
    'What went wrong',
    html`${cards}${rest > 0 ? html`<p class="soft">and ${rest} more; the events of --json have them all</p>` : ''}`,
  )
}

function card(same: readonly Failure[]): Markup {
  const [failure] = same
  if (!failure) return html``
  const { section, title, key, trouble, lines = [], code } = failure
  const place = [section, title ?? key].filter((part) => part !== undefined).join(' › ')
  const field = (name: string, text: string | undefined) =>
    text === undefined ? '' : html`<div><dt>${name}</dt><dd class="lines">${textLines(text)}</dd></div>`
  const output = lines.slice(-CARD_LINES).join('\n')
  return html`<article class="card"><h3>${same
    .map(({ host }) => host)
    .slice(0, 8)
    .join(', ')}${same.length > 8 ? ` and ${same.length - 8} more hosts` : ''} <span class="soft">${place}</span></h3>
<p class="lines">${textLines(trouble.what)}</p><dl>${field('where', trouble.where)}${field('why', trouble.why)}${field('fix', trouble.fix)}${field('status', code === undefined ? undefined : String(code))}</dl>
${output.trim() === '' ? '' : html`<pre>${textLines(output)}</pre>`}</article>`
}

/** What was said beside: of a machine that does not exist yet, of values that were adjusted. */
export function notices({ timeline }: ReportView): Piece {
  if (timeline.notices.length === 0) return undefined
  const items = timeline.notices.map(
    ({ host, text }) => html`<li>${host === undefined ? '' : html`<b>${host}</b> `}${text}</li>`,
  )
  return block('notices', 'Said beside', html`<ul>${items}</ul>`)
}
