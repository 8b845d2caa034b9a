import { describe, expect, it } from 'vitest'
import { quorumWithout } from '../../src/cluster/quorum.ts'

/** `cp1 cp2 !cp3`: cp3 does not answer. */
function members(text: string) {
  return text.split(' ').map((word) => ({ name: word.replace('!', ''), healthy: !word.startsWith('!') }))
}

describe('leaving etcd', () => {
  it.each<[string, readonly string[], boolean, string]>([
    ['cp1 cp2 cp3', ['cp3'], true, '2 of the 2 that stay answer'],
    ['cp1 cp2 !cp3', ['cp3'], true, '2 of the 2 that stay answer'],
    ['cp1 !cp2 cp3', ['cp3'], false, '1 of the 2 that stay answer, 2 must (silent: cp2)'],
    ['cp1 !cp2 !cp3', ['cp3'], false, '1 of 3 members answer, 2 must to decide anything'],
    ['cp1 cp2', ['cp2'], true, '1 of the 1 that stay answer'],
    ['cp1 !cp2', ['cp2'], false, '1 of 2 members answer, 2 must to decide anything'],
    ['cp1', ['cp1'], false, 'no member would be left'],
    ['cp1 cp2 cp3', ['w1'], true, 'no member of etcd leaves'],
    ['cp1 cp2 cp3 cp4 cp5', ['cp4', 'cp5'], true, '3 of the 3 that stay answer'],
    ['cp1 cp2 !cp3 cp4 cp5', ['cp4', 'cp5'], true, '2 of the 3 that stay answer'],
    ['cp1 !cp2 !cp3 cp4 cp5', ['cp4', 'cp5'], false, '1 of the 3 that stay answer, 2 must (silent: cp2, cp3)'],
  ])('%s without %s: %s', (all, leaving, ok, evidence) => {
    const verdict = quorumWithout(members(all), leaving)
    expect(verdict.ok).toBe(ok)
    expect(verdict.evidence).toContain(evidence)
  })
})
