import { count, duration } from '../figure.ts'
import { axis, type Bar, merged, track } from './chart.ts'
import { html, type Markup, type Piece } from './markup.ts'
import { block, ofAnyHost, scroll } from './parts.ts'
import type { ReportView } from './report-data.ts'
import { HUES } from './style.ts'
import type { Span } from './timeline.ts'

/** Hosts whose steps are listed one by one: among more, those in trouble and the slowest. */
const DETAILED_HOSTS = 12

/** Which colour stands for which section that had something to do: by the order of work, beginning anew after the last. */
export type Hues = ReadonlyMap<string, string>

export function huesOf({ plans, timeline }: ReportView): Hues {
  const used = new Set(plans.flatMap(({ host }) => timeline.spans(host).map(({ section }) => section)))
  const sections = new Set(
    plans.flatMap(({ resources }) => resources.map(({ section }) => section)).filter((section) => used.has(section)),
  )
  return new Map([...sections].map((section, i) => [section, `h${i % HUES}`]))
}

/** Where the time went: everybody on one time axis, then step by step. */
export function timings(data: ReportView, hues: Hues): Markup {
  const { timeline, ms } = data
  const rows = data.results.map(({ host }) => row(host, timeline.spans(host), ms, hues))
  const local = timeline.tasks.length > 0 ? [row('this computer', timeline.tasks, ms, hues)] : []
  const many = rows.length > 40 ? ' dense' : ''
  const chart = html`<div class="chart${many}">
<div class="row head"><span></span>${axis(ms)}</div>${local}${rows}</div>`
  return block(
    'timings',
    'Timings',
    html`${legend(data, hues)}${scroll(chart, rows.length > 40)}
${slowestSteps(data)}${eachHost(data, hues)}`,
  )
}

function row(name: string, spans: readonly Span[], totalMs: number, hues: Hues): Markup {
  const bars = spans.toSorted((a, b) => a.fromMs - b.fromMs).map((span) => barOf(span, hues))
  const drawn = merged(bars, totalMs, (some) => `${count(some.length, 'piece')} of work, ${figure(some)}`)
  return html`<div class="row"><span class="name">${name}</span>${track(drawn, totalMs)}</div>`
}

function figure(some: readonly Bar[]): string {
  return duration((some.at(-1)?.toMs ?? 0) - (some[0]?.fromMs ?? 0))
}

export function barOf(span: Span, hues: Hues): Bar {
  const { what, section, fromMs, toMs } = span
  const where = section === undefined ? what : `${section}: ${what}`
  return { fromMs, toMs, tone: toneOf(span, hues), text: `${where}, ${duration(toMs - fromMs)}` }
}

function toneOf({ kind, state, section }: Span, hues: Hues): string {
  if (state === 'failed') return 'bad'
  if (kind === 'step') return hues.get(section ?? '') ?? 'look'
  return kind === 'connect' || kind === 'task' ? 'look' : kind
}

function legend({ timeline, results }: ReportView, hues: Hues): Markup {
  const spans = results.flatMap(({ host }) => timeline.spans(host))
  const kinds = [
    ['look', 'connect, look, work on this computer'],
    ['upload', 'upload'],
    ['wait', 'wait for another host'],
  ] as const
  const key = (tone: string, text: string) => html`<li><i class="key ${tone}"></i>${text}</li>`
  return html`<ul class="legend">${[...hues].map(([section, tone]) => key(tone, section))}${kinds
    .filter(([kind]) => kind === 'look' || spans.some((span) => span.kind === kind))
    .map(([kind, text]) => key(kind, text))}</ul>`
}

const SLOWEST_STEPS = 15

/** The same step of several hosts is one line, whatever names of theirs stand in it: how long it took there. */
function slowestSteps({ timeline, results }: ReportView): Piece {
  const steps = results.flatMap(({ host }) =>
    timeline
      .spans(host)
      .flatMap((span) =>
        span.kind === 'step' ? [{ ...span, what: ofAnyHost(span.what, host), host, ms: span.toMs - span.fromMs }] : [],
      ),
  )
  const groups = [...Map.groupBy(steps, ({ section, what }) => JSON.stringify([section, what])).values()].map((same) =>
    same.toSorted((a, b) => b.ms - a.ms),
  )
  const slowest = groups.toSorted((a, b) => (b[0]?.ms ?? 0) - (a[0]?.ms ?? 0)).slice(0, SLOWEST_STEPS)
  if (slowest.length === 0) return undefined
  const hasMany = results.length > 1
  const rows = slowest.map((same) => {
    const [first] = same
    const median = same[Math.floor(same.length / 2)]?.ms ?? 0
    const among = hasMany
      ? html`<td class="n">${duration(median)}</td><td class="n">${same.length}</td><td>${first?.host}</td>`
      : ''
    return html`<tr><td class="n">${duration(first?.ms ?? 0)}</td>${among}<td>${first?.what}</td><td class="soft">${first?.section}</td></tr>`
  })
  const head = hasMany ? html`<th class="n">median</th><th class="n">hosts</th><th>slowest on</th>` : ''
  return html`<h3>Slowest steps</h3>${scroll(html`<table><thead><tr><th class="n">time</th>${head}<th>step</th><th>section</th></tr></thead><tbody>${rows}</tbody></table>`)}`
}

function eachHost(data: ReportView, hues: Hues): Markup {
  const { results, timeline } = data
  const busy = results.filter(({ host }) => timeline.spans(host).some(({ kind }) => kind === 'step'))
  const rank = busy.toSorted((a, b) => Number(a.verdict === 'ok') - Number(b.verdict === 'ok') || b.ms - a.ms)
  const shown = new Set(rank.slice(0, DETAILED_HOSTS))
  const rest = busy.length - shown.size
  const details = busy
    .filter((result) => shown.has(result))
    .map(({ host, ms }) => {
      const spans = timeline.spans(host)
      const steps = spans.filter(({ kind }) => kind === 'step').length
      return html`<details><summary>${host} <span class="soft">${count(steps, 'step')}, ${duration(ms)}</span></summary>${waterfall(spans, data, hues)}</details>`
    })
  const note =
    rest > 0
      ? html`<p class="soft">Step by step for ${shown.size} hosts, those in trouble and the slowest; the chart above has all.</p>`
      : ''
  return busy.length === 0 ? html`` : html`<h3>Step by step</h3>${note}${details}`
}

function waterfall(spans: readonly Span[], { ms }: ReportView, hues: Hues): Markup {
  const rows = spans
    .toSorted((a, b) => a.fromMs - b.fromMs)
    .map((span) => {
      const what = span.state === 'failed' ? html`<b class="bad">✗</b> ${span.what}` : span.what
      return html`<div class="row"><span class="name" title="${span.what}">${what}</span><span class="n">${duration(span.toMs - span.fromMs)}</span>${track([barOf(span, hues)], ms)}</div>`
    })
  return scroll(
    html`<div class="chart steps"><div class="row head"><span></span><span></span>${axis(ms)}</div>${rows}</div>`,
  )
}
