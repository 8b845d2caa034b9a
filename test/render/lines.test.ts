import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Event } from '../../src/core/events.ts'
import { LinesRenderer } from '../../src/render/lines.ts'
import { lineStream } from '../support/every-view.ts'
import { recorded } from '../support/run-events.ts'

describe('LinesRenderer', () => {
  it.each(['first-run', 'no-change', 'failed-step', 'unmet'])('tells the recorded run %s', async (name) => {
    await expect(lineStream(recorded(name), false)).toMatchFileSnapshot(`../cases/render/${name}.lines.txt`)
    await expect(lineStream(recorded(name))).toMatchFileSnapshot(`../cases/render/${name}.lines-verbose.txt`)
  })
  it('joins output that arrives in pieces into lines', () => {
    const output = (text: string): Event => ({ t: 1, type: 'output', host: 'a', key: 'k:1', text })
    const step: Event = { t: 2, type: 'step', host: 'a', key: 'k:1', title: 'x', section: 's', state: 'ok', ms: 1 }
    const shown = lineStream([output('on'), output('e\ntw'), output('o'), step])
    expect(shown.split('\n').map((line) => line.replace(/^\[a\] +[\d.]+ s {2}/, ''))).toEqual([
      '│ one',
      '│ two',
      's › x: ok (0.0 s)',
      '',
    ])
  })
})

describe('heartbeat', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('says after 30 s of silence what is going on, and stops at the end', () => {
    let text = ''
    const begin = Date.now()
    const clock = () => Date.now() - begin
    const lines = new LinesRenderer({ sink: { write: (more) => (text += more) }, verbose: false, clock })
    lines.on({ t: 0, type: 'step', host: 'a', key: 'k:1', title: 'kubeadm init', section: 'Start', state: 'start' })
    vi.advanceTimersByTime(29_000)
    expect(text).toBe('')
    vi.advanceTimersByTime(10_000)
    expect(text).toMatch(/still at work: a: Start › kubeadm init/)
    lines.on({ t: 40_000, type: 'end', ms: 40_000, exit: 0, hosts: [], criticalPath: [] })
    text = ''
    vi.advanceTimersByTime(120_000)
    expect(text).toBe('')
  })
  it('holds lines back while a question is open', () => {
    let text = ''
    const lines = new LinesRenderer({ sink: { write: (more) => (text += more) }, verbose: false, clock: () => 0 })
    lines.pause()
    lines.on({ t: 0, type: 'notice', text: 'later' })
    expect(text).toBe('')
    lines.resume()
    expect(text).toContain('later')
    lines.close()
  })
})
