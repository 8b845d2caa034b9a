import type { Change } from '../../core/change.ts'
import type { PlannedResource } from '../../core/plan.ts'
import { unifiedDiff } from '../diff.ts'
import { count } from '../figure.ts'
import { countPlan, describeChanges, isChange, signOf } from '../plan-count.ts'
import { html, type Markup, type Piece } from './markup.ts'
import { block, hostList, ofAnyHost } from './parts.ts'
import type { ReportView, Settled } from './report-data.ts'

/** The same resource differs from host to host by names and addresses: so many of those are shown. */
const VARIANTS = 12
/** Lines of one diff. */
const DIFF_LINES = 400
/** Characters of all diffs together; there is no reading beyond, and mail has its limits. */
const DIFFS_CHARACTERS = 1_500_000

interface Planned {
  readonly host: string
  readonly resource: PlannedResource
}

/** What was planned, with every diff folded: by section, hosts with the same change together. */
export function plan(data: ReportView): Piece {
  const all = data.plans.flatMap(({ host, resources }) => resources.map((resource): Planned => ({ host, resource })))
  const shown = all.filter(({ resource }) => !resource.finding)
  if (shown.length === 0) return undefined
  const text = new PlanText(data)
  const sections = [...Map.groupBy(shown, ({ resource }) => resource.section)]
  const lead = html`<p class="soft">${describeChanges(countPlan(data.plans))}, as it stood before anything was done.</p>`
  return block('plan', 'Plan', html`${lead}${sections.map(([title, items]) => text.section(title, items))}`)
}

class PlanText {
  readonly #hosts: number
  readonly #results: ReadonlyMap<string, Settled['result']>
  #room = DIFFS_CHARACTERS

  constructor({ plans, settled }: ReportView) {
    this.#hosts = plans.length
    this.#results = new Map(settled.map(({ host, resource, result }) => [`${host} ${resource.key}`, result]))
  }

  section(title: string, items: readonly Planned[]): Markup {
    const pending = items.filter(({ resource }) => isChange(resource) || /^(later|failed)$/.test(resource.verdict))
    const kinds = [...Map.groupBy(pending, ({ host, resource }) => ofAnyHost(resource.key, host)).values()]
    const same = items.length - pending.length
    const rest = same > 0 ? html` <span class="soft">${count(same, 'resource')} as wanted</span>` : ''
    return html`<h3>${title}${rest}</h3><ul class="plan">${kinds.map((kind) => this.#kind(kind))}</ul>`
  }

  #kind(kind: readonly Planned[]): Piece {
    const variants = [...Map.groupBy(kind, (item) => this.#sameness(item)).values()]
    const shown = variants.slice(0, VARIANTS)
    const rest = variants.length - shown.length
    const more = rest > 0 ? html`<li class="soft">and ${rest} more, each with names of its own host</li>` : ''
    return [...shown.map((same) => this.#variant(same)), more]
  }

  #sameness({ host, resource: { key, title, verdict, changes, after, note } }: Planned): string {
    return JSON.stringify([key, title, verdict, changes, after, note, this.#results.get(`${host} ${key}`)])
  }

  #variant(same: readonly Planned[]): Markup {
    const [first] = same
    if (!first) return html``
    const { host, resource } = first
    const hosts = hostList(
      same.map((item) => item.host),
      this.#hosts,
    )
    const result = this.#results.get(`${host} ${resource.key}`)
    const outcome = result === 'failed' || result === 'skipped' ? html` <span class="bad">${result}</span>` : ''
    const sign = { failed: '!', later: '~' }[resource.verdict as string] ?? signOf(resource)
    const key = resource.key === resource.title ? '' : html` <code class="soft">${resource.key}</code>`
    const head = html`<span class="sign ${SIGNS[sign]}">${sign}</span> ${resource.title}${key}${waits(resource)}${outcome} ${this.#hosts > 1 ? html`<span class="soft">on</span> ${hosts}` : ''}`
    const [only, ...others] = resource.changes
    if (only && others.length === 0 && !only.text && only.disrupts === undefined)
      return html`<li><div class="head">${head}</div><div class="change">${oneLine(only)}</div></li>`
    if (!only) return html`<li><div class="head">${head}</div><div class="change soft">${resource.note}</div></li>`
    return html`<li><details><summary>${head}</summary>${resource.changes.map((change) => this.#change(change))}${stepsOf(resource)}</details></li>`
  }

  #change(change: Change): Markup {
    const alarm = change.disrupts === undefined ? '' : html` <span class="warn">! ${change.disrupts}</span>`
    const line = html`<div class="change">${oneLine(change)}${alarm}</div>`
    return change.text ? html`${line}${this.#diff(change.text)}` : line
  }

  #diff(text: NonNullable<Change['text']>): Markup {
    if (this.#room <= 0)
      return html`<p class="soft">diff left out: this report would be too long; a dry run prints it</p>`
    const lines = unifiedDiff(text)
    const shown = lines.slice(0, DIFF_LINES)
    this.#room -= shown.reduce((sum, line) => sum + line.length + 20, 0)
    const rest = lines.length - shown.length
    const more = rest > 0 ? html`<span class="soft">… ${count(rest, 'more line')}</span>` : ''
    // Lines of a diff are inert already; a tab in them is one.
    return html`<pre class="diff">${shown.map(diffLine)}${more}</pre>`
  }
}

const SIGNS: Readonly<Record<string, string>> = { '+': 'good', '-': 'bad', '~': 'warn', '!': 'bad' }

function waits({ verdict, after }: PlannedResource): Piece {
  if (verdict !== 'later' && verdict !== 'expected') return undefined
  const what = after.length === 0 ? 'what comes before it' : after.slice(0, 2).join(', ')
  const more = after.length > 2 ? ` and ${after.length - 2} more` : ''
  return html` <span class="soft">${verdict === 'later' ? 'known after' : 'expected after'} ${what}${more}</span>`
}

function oneLine({ what, from, to }: Change): Markup {
  const name = what === '' ? '' : html`<b>${what}</b> `
  return from === 'absent' ? html`${name}<ins>${to}</ins>` : html`${name}<del>${from}</del> → <ins>${to}</ins>`
}

function diffLine(line: string): Markup {
  const tabbed = line.replaceAll('\t', '    ')
  if (line.startsWith('+')) return html`<ins>${tabbed}</ins>`
  if (line.startsWith('-')) return html`<del>${tabbed}</del>`
  return line.startsWith('@@') ? html`<i>${tabbed}</i>` : html`<span>${tabbed}</span>`
}

function stepsOf({ steps }: PlannedResource): Piece {
  if (steps.length === 0) return undefined
  return html`<p class="soft">steps: ${steps.map(({ title }) => title).join('; ')}</p>`
}
