import { html, type Markup, type Piece } from './markup.ts'
import { badge, block, hostList, scroll } from './parts.ts'
import type { ReportView, Seen } from './report-data.ts'

/** More of them get a box of their own to scroll in. */
const MANY_ROWS = 40

/** What was seen to work, with its evidence; and what was not. */
export function proof(data: ReportView): Piece {
  const conditions = data.seen.filter(
    ({ resource: { key } }) => data.proofKeys.has(key) || key.startsWith('condition:'),
  )
  if (conditions.length === 0) return undefined
  const groups = Map.groupBy(conditions, (seen) =>
    JSON.stringify([data.proofKeys.has(seen.resource.key), stateOf(seen), seen.resource.title, evidenceOf(seen)]),
  )
  const rows = [...groups.values()]
    .toSorted((a, b) => rankOf(a, data) - rankOf(b, data))
    .map((same) => rowOf(same, data))
  const table = html`<table class="stack"><thead><tr><th></th><th>proof</th><th>evidence</th><th>hosts</th></tr></thead><tbody>${rows}</tbody></table>`
  return block('proof', 'Proof that it works', scroll(table, rows.length > MANY_ROWS))
}

type State = 'holds' | 'failed' | 'not yet'

function stateOf({ resource, result }: Seen): State {
  if (result === 'failed' || resource.verdict === 'failed') return 'failed'
  return resource.verdict === 'same' ? 'holds' : 'not yet'
}

function evidenceOf({ resource: { note, changes } }: Seen): string {
  return note ?? changes.map(({ from }) => from).join(', ')
}

/** What does not hold first; then the proof proper, then what the work itself waited for. */
function rankOf([first]: readonly Seen[], { proofKeys }: ReportView): number {
  if (!first) return 9
  return { failed: 0, 'not yet': 1, holds: 2 }[stateOf(first)] * 2 + (proofKeys.has(first.resource.key) ? 0 : 1)
}

const BADGES: Readonly<Record<State, Markup>> = {
  holds: badge('good', 'holds'),
  failed: badge('bad', 'failed'),
  'not yet': badge('soft', 'not yet'),
}

function rowOf(same: readonly Seen[], { plans }: ReportView): Markup {
  const [first] = same
  if (!first) return html``
  const hosts = same.map(({ host }) => host)
  return html`<tr><td>${BADGES[stateOf(first)]}</td><th scope="row">${first.resource.title}</th><td data-is="seen">${evidenceOf(first)}</td><td data-is="on">${hostList(hosts, plans.length)}</td></tr>`
}
