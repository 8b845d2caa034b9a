import type { Event, HostResult } from '../../src/core/events.ts'
import { failureCards, troubleCard } from '../../src/render/failure-card.ts'
import { frame } from '../../src/render/frame.ts'
import { JsonRenderer } from '../../src/render/json.ts'
import { LinesRenderer } from '../../src/render/lines.ts'
import { PLAIN } from '../../src/render/paint.ts'
import { planText, requirementsText } from '../../src/render/plan.ts'
import { planSummary } from '../../src/render/plan-summary.ts'
import { proof } from '../../src/render/proof.ts'
import { recap } from '../../src/render/recap.ts'
import { RunView } from '../../src/render/run-view.ts'
import { reportOf } from './report-of.ts'
import { plansOf } from './run-events.ts'

const options = { paint: PLAIN, verbose: true }

/** What a run looks like in every view there is, by name of the view: without colour, so any escape in it is a host's. */
export function everyView(events: readonly Event[]): ReadonlyMap<string, string> {
  const plans = plansOf(events)
  const results = events.flatMap((event) => (event.type === 'host' ? [event.result] : []))
  const settled = events.flatMap((event) => (event.type === 'resource' ? [event] : []))
  const texts: Record<string, readonly string[]> = {
    plan: planText(plans, options),
    brief: planText(plans, { ...options, verbose: false }),
    requirements: requirementsText(plans, options),
    summary: plans.flatMap((plan) => planSummary(plan, PLAIN)),
    proof: proof(settled, settled, PLAIN),
    ...endings(events, results),
    frames: frames(events),
  }
  const streams = { lines: lineStream(events), json: jsonStream(events), report: reportOf(events) }
  return new Map([
    ...Object.entries(texts).map(([name, lines]) => [name, lines.join('\n')] as const),
    ...Object.entries(streams),
  ])
}

function endings(events: readonly Event[], hosts: readonly HostResult[]): Record<string, readonly string[]> {
  const failures = hosts.flatMap((host) => host.failures)
  const criticalPath = events.flatMap((event) => (event.type === 'end' ? event.criticalPath : []))
  return {
    recap: recap({ hosts, criticalPath, ms: 10, paint: PLAIN }),
    cards: failureCards(failures, { paint: PLAIN, again: () => 'again', columns: 80 }),
    trouble: failures.flatMap(({ trouble }) => troubleCard(trouble, PLAIN)),
  }
}

export function lineStream(events: readonly Event[], verbose = true): string {
  let text = ''
  let now = 0
  const lines = new LinesRenderer({ sink: { write: (more) => (text += more) }, verbose, clock: () => now })
  for (const event of events) {
    now = event.t
    lines.on(event)
  }
  lines.close()
  return text
}

export function jsonStream(events: readonly Event[]): string {
  let text = ''
  const json = new JsonRenderer({ write: (more) => (text += more) })
  for (const event of events) json.on(event)
  return text
}

/** A frame after each event. */
export function frames(events: readonly Event[], size = { columns: 79, rows: 22 }): readonly string[] {
  const view = new RunView()
  return events.flatMap((event) => {
    view.on(event)
    return frame(view, { ...size, nowMs: event.t, paint: PLAIN, spinner: '*' })
  })
}
