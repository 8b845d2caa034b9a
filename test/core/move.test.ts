import { describe, expect, it } from 'vitest'
import { departure, movesBetween } from '../../src/core/move.ts'
import type { HostPlan, PlannedResource } from '../../src/core/plan.ts'
import { planned } from '../support/run-events.ts'

const write = { title: 'write /x', sha256: 'w' }
const restart = { title: 'restart a', sha256: 'r' }
const content = { what: 'content', from: 'a', to: 'b' }
const active = { what: 'state', from: 'absent', to: 'active' }

const change = planned('file:/x', { verdict: 'change', changes: [content], steps: [write], seen: '1' })
const expected = planned('unit:a', {
  verdict: 'expected',
  changes: [active],
  steps: [restart],
  seen: '1',
  after: ['x:y'],
})
const later = planned('unit:b', { verdict: 'later', after: ['x:y'] })

/** As it is decided when its turn has come. */
const decided = (more: Partial<PlannedResource>) => planned('unit:a', { verdict: 'change', seen: '2', ...more })

describe('departure', () => {
  it.each<[string, PlannedResource, PlannedResource]>([
    ['a change as it was seen', change, change],
    ['nothing left to do', change, decided({ verdict: 'same', seen: '' })],
    ['what was expected', expected, decided({ changes: [active], steps: [restart] })],
    [
      'what was expected, from elsewhere',
      expected,
      decided({ changes: [{ ...active, from: 'failed' }], steps: [restart] }),
    ],
    [
      'less than was expected',
      { ...expected, steps: [write, restart] },
      decided({ changes: [active], steps: [restart] }),
    ],
    ['what could not be known', later, decided({ changes: [active], steps: [restart] })],
  ])('allows %s', (_name, was, now) => {
    expect(departure(was, now)).toBeUndefined()
  })
  it.each<[string, PlannedResource | undefined, PlannedResource, string]>([
    ['a change from elsewhere', change, { ...change, seen: '2' }, 'was planned as content: a → b by write /x'],
    [
      'other steps',
      expected,
      decided({ changes: [active], steps: [write] }),
      'it is state: absent → active by write /x now',
    ],
    ['another end', expected, decided({ changes: [{ ...active, to: 'dead' }], steps: [restart] }), 'absent → dead'],
    [
      'more to interrupt',
      expected,
      decided({ changes: [{ ...active, disrupts: 'restarts a' }], steps: [restart] }),
      '(restarts a)',
    ],
    ['one change more', expected, decided({ changes: [active, content], steps: [restart] }), 'content: a → b'],
    [
      'work where none was planned',
      { ...expected, changes: [], steps: [] },
      decided({ changes: [active], steps: [restart] }),
      'was planned as no change; it is state',
    ],
    ['what nobody planned', undefined, decided({ changes: [active], steps: [restart] }), 'is not in the saved plan'],
  ])('names %s', (_name, was, now, says) => {
    expect(departure(was, now)).toContain(says)
  })
})

describe('movesBetween', () => {
  const plan = (...resources: readonly PlannedResource[]): HostPlan => ({ host: 'h', hostKey: 'k', resources })
  const judged = (verdict: 'met' | 'advised') =>
    planned('requirement:steal', {
      verdict,
      finding: { id: 'steal', met: verdict === 'met', evidence: verdict, threshold: '', severity: 'advised' },
    })

  it.each<[string, PlannedResource, PlannedResource]>([
    ['what was to be known later is known by now', later, { ...expected, key: 'unit:b' }],
    ['a requirement is judged anew', judged('met'), judged('advised')],
  ])('lets pass that %s', (_name, was, now) => {
    expect(movesBetween(plan(was), plan(now))).toEqual([])
  })
  it.each<[string, PlannedResource, PlannedResource, string]>([
    ['what is expected starts from elsewhere', expected, { ...expected, seen: '2' }, 'is not what the plan saw'],
    ['it takes other steps', expected, { ...expected, steps: [write] }, 'needs other steps'],
    ['it takes one step more', expected, { ...expected, steps: [restart, write] }, 'needs other steps'],
    ['it need not be done', expected, { ...expected, verdict: 'same' }, 'was planned as expected, is same now'],
  ])('names it when %s', (_name, was, now, says) => {
    expect(movesBetween(plan(was), plan(now))).toEqual([
      { host: 'h', key: was.key, what: expect.stringContaining(says) },
    ])
  })
})

describe('a saved plan', () => {
  const plan = (...resources: readonly PlannedResource[]): HostPlan => ({ host: 'h', hostKey: 'k', resources })
  const together = planned('requirement:reach', {
    verdict: 'met',
    finding: { id: 'reach', met: true, severity: 'required', evidence: '', threshold: '' },
  })

  it('may hold verdicts on all hosts together, which are given after it is compared', () => {
    expect(movesBetween(plan(change, together), plan(change))).toEqual([])
  })
  it('names what is wanted no longer', () => {
    expect(movesBetween(plan(change, later), plan(change))).toEqual([
      { host: 'h', key: 'unit:b', what: 'is in the saved plan and no longer wanted' },
    ])
  })
})
