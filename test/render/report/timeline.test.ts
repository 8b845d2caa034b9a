import { describe, expect, it } from 'vitest'
import type { Event } from '../../../src/core/events.ts'
import { Timeline } from '../../../src/render/report/timeline.ts'
import { resultOf } from '../../support/run-events.ts'

const host = 'a'
const step = { type: 'step', host, key: 'file:/x', title: 'write /x', section: 'Write' } as const

function spansOf(...events: readonly Event[]) {
  const timeline = new Timeline()
  for (const event of events) timeline.on(event)
  return timeline.spans(host).map(({ kind, fromMs, toMs, state }) => `${kind} ${fromMs}-${toMs} ${state}`)
}

describe('Timeline', () => {
  it('knows when each thing began and ended', () => {
    expect(
      spansOf(
        {
          t: 30,
          type: 'connected',
          host,
          peer: { address: '', port: 22, user: '', hostKey: '', become: 'root' },
          ms: 20,
        },
        { t: 90, type: 'looked', host, resources: 1, ms: 50 },
        { t: 100, type: 'upload', host, sent: 0, total: 10 },
        { t: 140, type: 'upload', host, sent: 10, total: 10 },
        { ...step, t: 200, state: 'start' },
        { ...step, t: 250, state: 'ok', ms: 50 },
        { ...step, t: 260, state: 'start' },
        { ...step, t: 300, state: 'failed', ms: 40 },
      ),
    ).toEqual(['connect 10-30 ok', 'look 40-90 ok', 'upload 100-140 ok', 'step 200-250 ok', 'step 260-300 failed'])
  })
  it('takes the time of a step whose begin was not told from its end', () => {
    expect(spansOf({ ...step, t: 300, state: 'ok', ms: 40 })).toEqual(['step 260-300 ok'])
  })
  it('ends waiting where the look begins that follows it', () => {
    expect(
      spansOf(
        { t: 100, type: 'waiting', host, for: 'a ticket' },
        { t: 400, type: 'looked', host, resources: 1, ms: 50 },
      ),
    ).toEqual(['wait 100-350 ok', 'look 350-400 ok'])
  })
  it('shows as failed what was going on when a host was lost', () => {
    const lost = resultOf(host, { verdict: 'failed' })
    expect(spansOf({ ...step, t: 200, state: 'start' }, { t: 900, type: 'host', host, result: lost })).toEqual([
      'step 200-900 failed',
    ])
  })
  it('counts local work that took time, not what was there', () => {
    const timeline = new Timeline()
    const task = { type: 'task', id: 'bundle/x', title: 'x' } as const
    timeline.on({ ...task, t: 5, state: 'start' })
    timeline.on({ ...task, t: 50, state: 'progress' })
    timeline.on({ ...task, t: 95, state: 'ok', ms: 90 })
    timeline.on({ ...task, id: 'bundle/y', t: 96, state: 'cached' })
    expect(timeline.tasks).toEqual([{ kind: 'task', what: 'x', fromMs: 5, toMs: 95, state: 'ok' }])
  })
})
