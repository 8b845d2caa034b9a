import { expect, test } from 'vitest'
import { MarkupTree } from '../support/markup-tree.ts'
import { logPlots } from './log-plot.ts'

const plot = (points: readonly (readonly [number, number])[]) =>
  logPlots([{ title: 'a < b', x: 'n', y: 'rules', lines: [{ name: 'R&D', points }] }])

test('equal ratios are equal distances, on both scales', () => {
  const circles = [
    ...plot([
      [10, 1],
      [100, 10],
      [1000, 100],
    ]).matchAll(/cx="([0-9.]+)" cy="([0-9.]+)"/g),
  ]
  const [a = [], b = [], c = []] = circles.map(([, x, y]) => [Number(x), Number(y)])
  for (const axis of [0, 1]) expect((a[axis] ?? 0) + (c[axis] ?? 0)).toBeCloseTo(2 * (b[axis] ?? 0), 0)
  expect(a[1]).toBeGreaterThan(c[1] ?? 0)
})

test('nought has no place on it, and one figure alone has', () => {
  expect(
    plot([
      [10, 0],
      [100, 7],
    ]).match(/<circle/g),
  ).toHaveLength(1)
  expect(plot([[10, 5]])).not.toMatch(/NaN|Infinity/)
})

test('names cannot become anything but text', () => {
  const svg = plot([[10, 5]])
  expect(svg).toContain('R&amp;D')
  expect(svg).toContain('a &lt; b')
  new MarkupTree(svg)
})
