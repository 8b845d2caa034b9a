import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Event, EventBody } from '../../src/core/events.ts'
import { frame } from '../../src/render/frame.ts'
import { PLAIN } from '../../src/render/paint.ts'
import { RunView } from '../../src/render/run-view.ts'
import { widthOf } from '../../src/render/width.ts'
import { eventsSaying, recorded, resultOf } from '../support/run-events.ts'

const SIZES = [
  { columns: 79, rows: 22 },
  { columns: 119, rows: 38 },
] as const

function viewOf(events: readonly Event[]): RunView {
  const view = new RunView()
  for (const event of events) view.on(event)
  return view
}

const draw = (view: RunView, size: { columns: number; rows: number }, nowMs = 60_000) =>
  frame(view, { ...size, nowMs, paint: PLAIN, spinner: '⠋' })

/** A hundred hosts in all states of a run, with a bundle on its way. */
function hundredHosts(): readonly Event[] {
  const hosts = Array.from({ length: 100 }, (_, i) => `node${i + 1}`)
  const peer = { address: '10.0.0.1', port: 22, user: 'root', hostKey: 'SHA256:x', become: 'root' as const }
  const bodies: EventBody[] = [
    { type: 'run', run: 'r', command: 'provision up prod.yaml --yes', hosts, version: '0' },
    { type: 'task', id: 'bundle', title: "the lab's bundle", state: 'start', done: 3, total: 12, unit: 'items' },
    ...Array.from({ length: 12 }, (_, i): EventBody => {
      const part = { type: 'task', id: `bundle/part${i}`, title: `Part ${i}` } as const
      return i < 3
        ? { ...part, state: 'cached' }
        : { ...part, state: 'progress', done: i, total: 12, unit: 'items', line: 'compiling' }
    }),
  ]
  for (const [i, host] of hosts.entries()) {
    if (i >= 73) break
    bodies.push({ type: 'connected', host, peer, ms: 400 })
    if (i < 60) bodies.push({ type: 'host', host, result: resultOf(host, { changed: 3 }) })
    else if (i < 62) bodies.push({ type: 'host', host, result: resultOf(host, { verdict: 'failed', failed: 1 }) })
    else {
      bodies.push({ type: 'wave', host, wave: 1, steps: 30, resources: [] })
      bodies.push({
        type: 'step',
        host,
        key: 'k:1',
        title: 'write /etc/containerd/config.toml',
        section: 'Install the container runtime',
        state: 'start',
      })
      bodies.push({
        type: 'output',
        host,
        key: 'k:1',
        text: 'unpacking a rather long name of a package that goes on and on (1.2.3-4)\n',
      })
    }
  }
  return bodies.map((body, i) => ({ t: 10 * i, ...body }))
}

describe('frame', () => {
  it.each(SIZES)('shows a hundred hosts in $columns x $rows', async (size) => {
    const lines = draw(viewOf(hundredHosts()), size)
    expect(lines.length).toBe(size.rows)
    expect(lines.join('\n')).toContain('node61')
    expect(lines.at(-1)).toMatch(/… \d+ more hosts: .*60 done/)
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(
      `../cases/render/hundred-hosts.${size.columns}x${size.rows}.txt`,
    )
  })
  it.each(SIZES)('shows a recorded run as it goes on, in $columns x $rows', async (size) => {
    const view = new RunView()
    const pictures = recorded('failed-step').map((event) => {
      view.on(event)
      return draw(view, size, event.t).join('\n')
    })
    const different = pictures.filter((picture, i) => picture !== pictures[i - 1])
    await expect(`${different.join('\n\n')}\n`).toMatchFileSnapshot(
      `../cases/render/failed-step.${size.columns}x${size.rows}.txt`,
    )
  })
  it('never leaves the terminal, whatever hosts say and however small it is', () => {
    const text = fc.string({ unit: 'binary', maxLength: 200 })
    const size = fc.record({ columns: fc.integer({ min: 1, max: 200 }), rows: fc.integer({ min: 1, max: 60 }) })
    fc.assert(
      fc.property(text, size, fc.boolean(), (said, terminal, many) => {
        const events = [...(many ? hundredHosts() : []), ...eventsSaying(said)]
        const view = new RunView()
        return events.every((event, i) => {
          view.on(event)
          if (i % 7 !== 0) return true
          const lines = draw(view, terminal)
          return lines.length <= terminal.rows && lines.every((line) => widthOf(line) <= Math.max(terminal.columns, 1))
        })
      }),
      { numRuns: 60 },
    )
  })
  it('puts hosts at work and failed ones before those that wait or are done', () => {
    const lines = draw(viewOf(hundredHosts()), { columns: 79, rows: 22 })
    const hosts = lines.filter((line) => /node\d+/.test(line))
    expect(hosts[0]).toMatch(/^✗ node61 .*failed/)
    expect(hosts.some((line) => line.includes('not connected yet'))).toBe(false)
  })
  it('keeps the order of the inventory while everything fits', () => {
    const events = recorded('first-run')
    const [run, ...rest] = events
    if (run?.type !== 'run') throw new Error('the recording begins with a run')
    const lines = draw(viewOf([{ ...run, hosts: ['zeta', 'lab1', 'alpha'] }, ...rest]), SIZES[0])
    const names = lines.flatMap((line) => /(zeta|lab1|alpha)/.exec(line)?.[0] ?? [])
    expect(names).toEqual(['zeta', 'lab1', 'alpha'])
  })
  it('shows bytes on their way', () => {
    const events: EventBody[] = [
      { type: 'run', run: 'r', command: 'provision up', hosts: ['a'], version: '0' },
      { type: 'upload', host: 'a', sent: 40 * 1024 * 1024, total: 100 * 1024 * 1024 },
    ]
    const lines = draw(viewOf(events.map((body) => ({ t: 0, ...body }))), SIZES[0])
    expect(lines[1]).toMatch(/^⠋ a {2}uploading 40 MiB of 100 MiB, 40 % +1 min 00 s$/)
  })
})

describe('the cost of a frame', () => {
  it('is small: a hundred hosts, 40 000 events, ten frames a second, under two seconds of processor time', () => {
    const view = viewOf(hundredHosts())
    const begin = process.cpuUsage()
    for (let i = 0; i < 40_000; i++) {
      const host = `node${(i % 100) + 1}`
      view.on({ t: i, type: 'output', host, key: 'k:1', text: `line ${i} of some output\n` })
      // As many frames as 40 s of a run have.
      if (i % 100 === 0) draw(view, SIZES[1], i)
    }
    const { user, system } = process.cpuUsage(begin)
    expect((user + system) / 1e6).toBeLessThan(2)
  })
})
