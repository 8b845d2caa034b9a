import { html, type Markup, type Piece } from './markup.ts'
import { block, scroll } from './parts.ts'
import type { ReportView, Seen } from './report-data.ts'

/** More rows get a box of their own to scroll in. */
const MANY_ROWS = 40

/** What was counted on each host: rules of kube-proxy in the kernel. */
export function figures({ seen }: ReportView): Piece {
  const counted = seen.filter(({ resource }) => (resource.figures?.length ?? 0) > 0)
  if (counted.length === 0) return undefined
  const names = [...new Set(counted.flatMap(({ resource }) => resource.figures?.map(({ name }) => name) ?? []))]
  const head = names.map((name) => html`<th class="n">${name}</th>`)
  const table = html`<table><thead><tr><th>host</th><th>by</th>${head}</tr></thead><tbody>${counted.map((each) => rowOf(each, names))}</tbody></table>`
  return block('counted', 'Counted on each host', scroll(table, counted.length > MANY_ROWS))
}

function rowOf({ host, resource }: Seen, names: readonly string[]): Markup {
  const counts = new Map(resource.figures?.map(({ name, count }) => [name, count]))
  const cells = names.map((name) => {
    const count = counts.get(name)
    return html`<td class="n${count === 0 ? ' soft' : ''}">${count === undefined ? '' : String(count)}</td>`
  })
  return html`<tr><th scope="row">${host}</th><td>${resource.key.replace('condition:', '')}</td>${cells}</tr>`
}
