import { describe, expect, it } from 'vitest'
import { fold, unifiedDiff } from '../../src/render/diff.ts'

describe('unifiedDiff', () => {
  it('writes ranges as diff -u does', () => {
    expect(unifiedDiff({ before: '', after: 'a\nb\n' })).toEqual(['@@ -0,0 +1,2 @@', '+a', '+b'])
    expect(unifiedDiff({ before: 'a\n', after: '' })).toEqual(['@@ -1,1 +0,0 @@', '-a'])
  })
  it('shows three lines around a change, and no more', () => {
    const before = Array.from({ length: 20 }, (_, i) => `${i}\n`).join('')
    const lines = unifiedDiff({ before, after: before.replace('10\n', 'ten\n') })
    expect(lines).toEqual(['@@ -8,7 +8,7 @@', ' 7', ' 8', ' 9', '-10', '+ten', ' 11', ' 12', ' 13'])
  })
  it('says when the last line has no end', () => {
    expect(unifiedDiff({ before: '', after: 'x' })).toContain('\\ No newline at end of file')
  })
  it('gives up on a small diff of huge texts in time, and shows everything as replaced', () => {
    const text = (seed: number) => Array.from({ length: 60_000 }, (_, i) => `${(i * seed) % 65_521}\n`).join('')
    const begin = performance.now()
    const lines = unifiedDiff({ before: text(7919), after: text(104_729) })
    expect(performance.now() - begin).toBeLessThan(5000)
    expect(lines.length).toBeGreaterThan(60_000)
  })
})

describe('fold', () => {
  it('counts what it hides', () => {
    const lines = [...Array.from({ length: 400 }, () => ' x'), '+a', '-b', '+c']
    expect(fold(lines, false).at(-1)).toBe('… 3 more lines (+2 -1); --verbose shows them')
    expect(fold(lines, true)).toBe(lines)
  })
})
