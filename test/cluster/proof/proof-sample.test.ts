import { expect, it } from 'vitest'
import { sampledPairs } from '../../../src/cluster/proof/proof-sample.ts'

const nodes = (count: number) => Array.from({ length: count }, (_, i) => `n${i}`)

it('tries every pair of up to 40 nodes, or where all are asked for', () => {
  for (const [count, all] of [
    [1, false],
    [2, false],
    [40, false],
    [41, true],
  ] as const) {
    const ways = [...sampledPairs(nodes(count), all)].flatMap(([from, others]) => others.map((to) => `${from} ${to}`))
    expect(new Set(ways).size).toBe(count * (count - 1))
    expect(ways.length).toBe(count * (count - 1))
  }
})

it.each([41, 81, 122, 300, 729])('of %i nodes each sends and receives equally often, in both directions', (count) => {
  const sample = sampledPairs(nodes(count), false)
  const into = new Map<string, number>()
  for (const [from, others] of sample) {
    expect(others).not.toContain(from)
    expect(new Set(others).size).toBe(others.length)
    expect(others.length).toBeGreaterThanOrEqual(8)
    expect(others.length).toBeLessThanOrEqual(12)
    for (const to of others) {
      into.set(to, (into.get(to) ?? 0) + 1)
      expect(sample.get(to)).toContain(from)
    }
  }
  expect(new Set(into.values()).size).toBe(1)
  expect(into.size).toBe(count)
})
