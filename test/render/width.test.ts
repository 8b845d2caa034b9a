import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cut, pad, widthOf, wrap } from '../../src/render/width.ts'

describe('widthOf', () => {
  it.each([
    ['abc', 3],
    ['käse', 4],
    ['日本語', 6],
    ['🙂', 2],
    ['e\u0301', 1],
    ['👨‍👩‍👧', 2],
    ['', 0],
  ])('of %s is %d', (text, width) => expect(widthOf(text)).toBe(width))
})

describe('cut', () => {
  it('never is wider than it may be, and says when something is missing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), fc.integer({ min: 0, max: 40 }), (text, columns) => {
        const shown = cut(text, columns)
        return widthOf(shown) <= columns && (shown === text || columns === 0 || shown.endsWith('…'))
      }),
    )
  })
  it('pads to a column', () => expect(pad('日', 4)).toBe('日  '))
})

describe('wrap', () => {
  it('breaks between words and keeps them all', () => {
    const lines = wrap('fix:    one two three four five six', 16, '  ')
    expect(lines).toEqual(['fix:    one two', '  three four', '  five six'])
  })
})
