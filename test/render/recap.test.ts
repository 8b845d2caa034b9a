import { describe, expect, it } from 'vitest'
import { PLAIN } from '../../src/render/paint.ts'
import { recap } from '../../src/render/recap.ts'
import { widthOf } from '../../src/render/width.ts'
import { recorded, resultOf } from '../support/run-events.ts'

const shown = (hosts: Parameters<typeof recap>[0]['hosts'], ms = 5000) =>
  recap({ hosts, criticalPath: [], ms, paint: PLAIN })

describe('recap', () => {
  it.each(['first-run', 'no-change', 'failed-step', 'unmet'])('sums up the recorded run %s', async (name) => {
    const end = recorded(name).at(-1)
    if (end?.type !== 'end') throw new Error('the recording ends with an end')
    const lines = recap({ ...end, paint: PLAIN })
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(`../cases/render/${name}.recap.txt`)
  })
  it('says in one line that there was nothing to change, and how long that took', () => {
    expect(shown([resultOf('a', { unchanged: 143 })], 1234)).toContain(
      'nothing to change: 1 host as wanted, seen in 1.2 s',
    )
  })
  it('tells hosts that were not done from those that were', () => {
    const lines = shown([
      resultOf('a', { changed: 2 }),
      resultOf('b', { verdict: 'unreachable' }),
      resultOf('c', { verdict: 'locked' }),
    ])
    expect(lines).toContain('2 of 3 hosts not done in 5.0 s; 2 changes made')
    expect(lines.filter((line) => line.startsWith('✗'))).toHaveLength(2)
  })
  it('does not call done what was not proven', () => {
    const hosts = [resultOf('a', { changed: 2 }), resultOf('b')]
    const lines = recap({ hosts, criticalPath: [], ms: 5000, paint: PLAIN, isUnproven: true })
    expect(lines).toContain('2 hosts as wanted, but not proven in 5.0 s; 2 changes made')
  })
  it('keeps a hundred hosts readable: trouble by name, the rest together', () => {
    const hosts = Array.from({ length: 100 }, (_, i) => resultOf(`node${i + 1}`, { changed: 3, unchanged: 140 }))
    hosts[41] = resultOf('node42', { verdict: 'failed', failed: 1, changed: 2 })
    const lines = shown(hosts)
    expect(lines.length).toBeLessThan(8)
    expect(lines.join('\n')).toMatch(/✗ node42/)
    expect(lines.join('\n')).toMatch(/✓ node1 and 98 more/)
  })
  it('fits eighty columns', () => {
    const lines = shown([
      resultOf('control-plane-1', { changed: 143, unchanged: 1430, accepted: 5, ms: 754_000 }),
      resultOf('worker-12', { verdict: 'unreachable', ms: 21_000 }),
    ])
    expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(80)
  })
  it('shows what the time went into, and leaves out what took none', () => {
    const criticalPath = [
      { what: 'connect', host: 'a', fromMs: 0, toMs: 400 },
      { what: 'wait for lab bundle: kubelet', host: 'a', fromMs: 400, toMs: 180_400 },
    ]
    const lines = recap({ hosts: [resultOf('a')], criticalPath, ms: 200_000, paint: PLAIN })
    expect(lines.slice(-2)).toEqual(['critical path:', '    3 min 00 s  wait for lab bundle: kubelet (a)'])
  })
})
