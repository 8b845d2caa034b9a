import { duration } from '../figure.ts'
import { html, type Markup } from './markup.ts'

/** One bar of a chart, in milliseconds since the run began. */
export interface Bar {
  readonly fromMs: number
  readonly toMs: number
  /** Class that colours it. */
  readonly tone: string
  /** Shown where the pointer rests. */
  readonly text: string
}

/** Bars too short to be seen are drawn this wide. */
const MIN_PERCENT = 0.15
/** Bars of one tone that are no further apart look like one. */
const MERGE_PERCENT = 0.15

/** Bars on one line. Everything is in percent of the width, so nothing is distorted and no style attribute is needed. */
export function track(bars: readonly Bar[], totalMs: number): Markup {
  const rects = bars.map(({ fromMs, toMs, tone, text }) => {
    const width = Math.max(MIN_PERCENT, share(toMs - fromMs, totalMs))
    const from = Math.min(100 - width, share(fromMs, totalMs))
    return html`<rect class="${tone}" x="${percent(from)}" width="${percent(width)}" height="100%"><title>${text}</title></rect>`
  })
  return html`<svg class="track" role="img" aria-label="${spokenRange(bars)}">${rects}</svg>`
}

function spokenRange(bars: readonly Bar[]): string {
  const first = bars[0]
  const last = bars.at(-1)
  if (!first || !last) return 'nothing'
  return `${duration(first.fromMs)} to ${duration(bars.reduce((most, { toMs }) => Math.max(most, toMs), 0))}`
}

/** Joins neighbours of one tone that nobody could tell apart. `name` says what the whole of them is. */
export function merged(bars: readonly Bar[], totalMs: number, name: (some: readonly Bar[]) => string): readonly Bar[] {
  const groups: Bar[][] = []
  for (const bar of bars) {
    const group = groups.at(-1)
    const before = group?.at(-1)
    const isNear = before && before.tone === bar.tone && share(bar.fromMs - before.toMs, totalMs) <= MERGE_PERCENT
    if (isNear) group?.push(bar)
    else groups.push([bar])
  }
  return groups.flatMap((some) => {
    const [first] = some
    const last = some.at(-1)
    if (!first || !last) return []
    return some.length === 1 ? [first] : [{ ...first, toMs: last.toMs, text: name(some) }]
  })
}

/** Marks of the time axis, and lines below them over the whole height of a chart. */
export function axis(totalMs: number): Markup {
  const step = tickMs(totalMs)
  const marks = [...Array(Math.floor((totalMs * 0.97) / step) + 1).keys()].map((i) => i * step)
  const labels = marks.map(
    (ms, i) => html`<text x="${percent(share(ms, totalMs))}" y="11" dx="${i === 0 ? 0 : 3}">${tickText(ms)}</text>`,
  )
  const lines = marks.map((ms) => {
    const x = percent(share(ms, totalMs))
    return html`<line x1="${x}" x2="${x}" y1="0" y2="100%"/>`
  })
  return html`<svg class="axis" aria-hidden="true">${lines}${labels}</svg>`
}

const TICKS_SECONDS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200]
const MAX_TICKS = 7

/** The roundest step that gives few enough marks. */
function tickMs(totalMs: number): number {
  const seconds = TICKS_SECONDS.find((step) => totalMs / (step * 1000) <= MAX_TICKS) ?? totalMs / 1000 / MAX_TICKS
  return Math.max(1, seconds * 1000)
}

function tickText(ms: number): string {
  if (ms === 0) return '0'
  if (ms < 60_000) return `${ms / 1000} s`
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)}${ms % 60_000 === 0 ? '' : ':30'} min`
  return `${(ms / 3_600_000).toFixed(1)} h`
}

function share(ms: number, totalMs: number): number {
  return Math.min(100, Math.max(0, (100 * ms) / Math.max(1, totalMs)))
}

function percent(value: number): string {
  return `${Number(value.toFixed(2))}%`
}
