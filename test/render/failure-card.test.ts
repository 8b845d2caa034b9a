import { describe, expect, it } from 'vitest'
import type { Failure } from '../../src/core/events.ts'
import { failureCards, troubleCard } from '../../src/render/failure-card.ts'
import { PLAIN } from '../../src/render/paint.ts'
import { widthOf } from '../../src/render/width.ts'
import { recorded } from '../support/run-events.ts'

const options = { paint: PLAIN, again: (hosts: readonly string[]) => `provision up x.yaml --limit ${hosts.join(',')}` }

const failure: Failure = {
  host: 'node1',
  key: 'unit:containerd.service',
  title: 'containerd.service',
  section: 'Install the container runtime',
  trouble: {
    what: 'start containerd.service: ended with status 1',
    why: 'a file system of the host is full',
    fix: 'free some space',
  },
  lines: Array.from({ length: 30 }, (_, i) => `line ${i}`),
  code: 1,
}

describe('failureCards', () => {
  it('has everything one needs to go on', async () => {
    const end = recorded('failed-step').at(-1)
    if (end?.type !== 'end') throw new Error('the recording ends with an end')
    const lines = failureCards(
      end.hosts.flatMap((host) => host.failures),
      options,
    )
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot('../cases/render/failed-step.card.txt')
  })
  it('names host, section and step, cause, last lines and the command', () => {
    const text = failureCards([failure], options).join('\n')
    for (const part of [
      '✗ node1',
      'Install the container runtime › containerd.service',
      'why:    a file system',
      'status: 1',
      '│ line 29',
      '--limit node1',
    ])
      expect(text).toContain(part)
    expect(text).not.toContain('line 9\n')
  })
  it('shares a card between hosts with the same trouble', () => {
    const lines = failureCards(
      ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((host) => ({ ...failure, host })),
      options,
    )
    expect(lines.filter((line) => line.startsWith('✗'))).toEqual([
      '✗ a, b, c, d, e and 2 more hosts  Install the container runtime › containerd.service',
    ])
    expect(lines.join('\n')).toContain('--limit a,b,c,d,e,f,g')
  })
  it('breaks long sentences between words', () => {
    const long = {
      ...failure,
      trouble: { what: 'word '.repeat(40).trim(), why: 'reason '.repeat(40).trim() },
      lines: [],
    }
    const lines = failureCards([long], { ...options, columns: 80 })
    expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(80)
    expect(lines.join(' ').match(/reason/g)).toHaveLength(40)
  })
  it('shows a trouble without a host', () => {
    expect(troubleCard({ what: 'no such file', where: 'a.yaml', fix: 'make it' }, PLAIN)).toEqual([
      'error: no such file',
      '  where:  a.yaml',
      '  fix:    make it',
    ])
  })
})
