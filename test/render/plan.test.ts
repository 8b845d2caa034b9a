import { describe, expect, it } from 'vitest'
import type { HostPlan, PlannedResource } from '../../src/core/plan.ts'
import { COLOUR, PLAIN } from '../../src/render/paint.ts'
import { planText } from '../../src/render/plan.ts'
import { countPlan, describeChanges, describeRequirements, isQuiet, signOf } from '../../src/render/plan-count.ts'
import { planned, plansOf, recorded } from '../support/run-events.ts'

const brief = { paint: PLAIN, verbose: false }

function hostPlan(host: string, ...resources: readonly PlannedResource[]): HostPlan {
  return { host, hostKey: 'SHA256:x', resources }
}

function fileChange(name: string, before: string, after: string, more: Partial<PlannedResource> = {}): PlannedResource {
  const change = { what: 'content', from: before === '' ? 'absent' : 'old', to: 'new', text: { before, after } }
  return planned(`file:${name}`, { verdict: 'change', changes: [change], ...more })
}

const text = (plans: readonly HostPlan[], options = brief) => planText(plans, options).join('\n')

describe('planText', () => {
  it.each(['dry-run', 'no-change', 'unmet'])('shows the recorded plan of %s', async (name) => {
    const plans = plansOf(recorded(name))
    await expect(`${text(plans)}\n`).toMatchFileSnapshot(`../cases/render/${name}.plan.txt`)
    await expect(`${text(plans, { paint: PLAIN, verbose: true })}\n`).toMatchFileSnapshot(
      `../cases/render/${name}.plan-verbose.txt`,
    )
  })
  it('prints one block for hosts whose plans are alike, whatever their keys', () => {
    const alike = ['a', 'b', 'c'].map((host) => ({ ...hostPlan(host, fileChange('/x', '', 'y\n')), hostKey: host }))
    const shown = text(alike)
    expect(shown).toContain('a, b, c (the same on 3 hosts): 1 to add')
    expect(shown.match(/\+y/g)).toHaveLength(1)
    expect(shown).toContain('Plan: 3 hosts: 3 to add')
  })
  it('prints a diff once when hosts differ elsewhere', () => {
    const shown = text([
      hostPlan('a', fileChange('/x', '', 'same\n')),
      hostPlan('b', fileChange('/x', '', 'same\n'), fileChange('/y', '', 'other\n')),
    ])
    expect(shown.match(/\+same/g)).toHaveLength(1)
    expect(shown).toContain('(the same diff as on a)')
  })
  it('says after what a thing will be known, or looked at again', () => {
    const later = planned('file:/bin/kubelet', { verdict: 'later', after: ['bundle: kubelet'] })
    const expected = planned('unit:x.service', {
      verdict: 'expected',
      after: ['file:/x'],
      changes: [{ what: 'active', from: 'no', to: 'yes' }],
    })
    const shown = text([hostPlan('a', later, expected)])
    expect(shown).toContain('~ file:/bin/kubelet (known after bundle: kubelet)')
    expect(shown).toContain('~ unit:x.service (expected, looked at again after file:/x)')
    expect(shown).toContain('active: no → yes')
  })
  it('counts, and does not list, many that wait for the same', () => {
    const many = Array.from({ length: 30 }, (_, i) => planned(`file:/${i}`, { verdict: 'later', after: ['making a'] }))
    const shown = text([hostPlan('a', ...many)])
    expect(shown).toContain('~ 30 more (known after making a)')
    expect(shown.split('\n').length).toBeLessThan(8)
    expect(text([hostPlan('a', ...many)], { paint: PLAIN, verbose: true })).toContain('file:/29')
  })
  it('shows what is interrupted', () => {
    const change = { what: 'restart', from: 'old', to: 'new', disrupts: 'restarts containerd.service' }
    expect(text([hostPlan('a', planned('unit:c', { verdict: 'change', changes: [change] }))])).toContain(
      '! restarts containerd.service',
    )
  })
  it('folds a long diff, and unfolds it on request', () => {
    const after = Array.from({ length: 1000 }, (_, i) => `line ${i}\n`).join('')
    const plans = [hostPlan('a', fileChange('/long', '', after))]
    const shown = text(plans)
    expect(shown).toContain('… 601 more lines (+601 -0); --verbose shows them')
    expect(shown.split('\n').length).toBeLessThan(420)
    expect(text(plans, { paint: PLAIN, verbose: true })).toContain('+line 999')
  })
  it('shows a carriage return that a diff is about', () => {
    expect(text([hostPlan('a', fileChange('/x', 'one\r\n', 'one\n'))])).toContain('-one\\r')
  })
  it('says nothing by colour alone', () => {
    const plans = plansOf(recorded('dry-run'))
    const bare = planText(plans, { paint: COLOUR, verbose: false }).map((line) => line.replaceAll(/\x1b\[\d+m/g, ''))
    expect(bare).toEqual(planText(plans, brief))
  })
})

describe('countPlan', () => {
  it('tells what appears, differs and disappears', () => {
    const whole = (from: string, to: string) => planned('a:b', { verdict: 'change', changes: [{ what: '', from, to }] })
    expect([whole('absent', 'x'), whole('x', 'absent'), whole('x', 'y')].map(signOf)).toEqual(['+', '-', '~'])
    const plan = hostPlan(
      'a',
      whole('absent', 'x'),
      whole('x', 'absent'),
      whole('x', 'y'),
      planned('c:d', { verdict: 'later' }),
    )
    expect(describeChanges(countPlan([plan]))).toBe('1 to add, 1 to change, 1 to remove, 1 known later')
  })
  it('is quiet when nothing will be done', () => {
    const expected = planned('a:b', { verdict: 'expected', after: ['x'] })
    expect(isQuiet([hostPlan('a', planned('x:y'), expected)])).toBe(true)
    expect(isQuiet([hostPlan('a', planned('x:y', { verdict: 'later' }))])).toBe(false)
  })
  it('describes requirements', () => {
    const none = countPlan([])
    expect(describeRequirements(none)).toBe('')
    expect(describeRequirements({ ...none, accepted: 1 })).toBe('1 requirement accepted')
    expect(describeRequirements({ ...none, met: 12, unmet: 2 })).toBe('12 requirements met, 2 unmet')
  })
})
