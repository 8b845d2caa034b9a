import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CappedText } from '../../src/transport/capped-text.ts'

describe('CappedText', () => {
  it('keeps everything up to the cap, and the first and last half beyond it', () => {
    const input = fc.tuple(fc.array(fc.uint8Array({ maxLength: 40 })), fc.integer({ min: 2, max: 200 }))
    fc.assert(
      fc.property(input, ([pieces, cap]) => {
        // Letters only: what happens to broken characters is the next test's business.
        const letters = pieces.map((piece) => Buffer.from(piece.map((byte) => 97 + (byte % 26))))
        const text = new CappedText(cap)
        for (const piece of letters) text.push(piece)
        const all = Buffer.concat(letters).toString()
        const half = Math.floor(cap / 2)
        const result = text.finish()
        if (all.length <= half * 2) return void expect(result).toEqual({ text: all, droppedBytes: 0 })
        const dropped = all.length - 2 * half
        expect(result).toEqual({
          text: `${all.slice(0, half)}\n[… ${dropped} bytes left out …]\n${all.slice(-half)}`,
          droppedBytes: dropped,
        })
      }),
      { numRuns: 3000 },
    )
  })

  it('cuts between characters', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('a', 'é', '€', '💥'), { minLength: 30 }),
        fc.integer({ min: 8, max: 40 }),
        (chars, cap) => {
          const text = new CappedText(cap)
          for (const byte of Buffer.from(chars.join(''))) text.push(Uint8Array.of(byte))
          expect(text.finish().text).not.toContain('\ufffd')
        },
      ),
    )
  })

  it('stays small, whatever passes through it', () => {
    const text = new CappedText(1000)
    const piece = Buffer.alloc(64 * 1024, 'x')
    const before = process.memoryUsage().arrayBuffers
    for (let i = 0; i < 20_000; i++) text.push(piece.subarray(0, 1 + (i % 3)))
    for (let i = 0; i < 2000; i++) text.push(piece)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * 1024 * 1024)
    expect(text.finish().text.length).toBeLessThan(1100)
  })
})
