import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { inert, inertLines, lastLine } from '../../src/render/sanitise.ts'
import { everyView } from '../support/every-view.ts'
import { eventsSaying } from '../support/run-events.ts'

const ACTIVE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u
const ANYTHING = fc.string({ unit: 'binary', maxLength: 60 })

/** What hosts may say to a terminal. */
const HOSTILE: Readonly<Record<string, string>> = {
  colour: '\x1b[31mred\x1b[0m',
  'clear screen': '\x1b[2J\x1b[H',
  title: '\x1b]0;owned\x07',
  link: '\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\',
  clipboard: '\x1b]52;c;cm0gLXJmIC8=\x07',
  'device control': '\x1bP$q"p\x1b\\',
  'one-byte CSI': '\x9b31m',
  'one-byte OSC': '\x9d52;c;eA==\x9c',
  'carriage return': 'failed\rok    ',
  backspace: 'rm -rf\b\b\b\b\b\bls',
  'right to left': 'abc\u202Egpj.exe',
  isolate: '\u2066hidden\u2069',
  'zero width': 'pay\u200Bpal',
  tags: 'x\u{E0041}\u{E0042}',
  'line separator': 'a\u2028b',
  'lone surrogate': 'a\uD800b',
  nul: 'a\0b',
  delete: 'a\x7fb',
  bell: 'ding\x07',
  'vertical tab': 'a\vb\fc',
}

describe('inert', () => {
  it('leaves nothing that a terminal acts upon', () => {
    fc.assert(
      fc.property(ANYTHING, (text) => !ACTIVE.test(inert(text))),
      { numRuns: 5000 },
    )
  })
  it('is done after one time', () => {
    fc.assert(fc.property(ANYTHING, (text) => inert(inert(text)) === inert(text)))
  })
  it('keeps what is harmless', () => {
    for (const text of ['plain', 'käse', '日本語', 'C:\\x', '🙂', 'é'.normalize('NFD')]) expect(inert(text)).toBe(text)
  })
  it('shows what it took the power from', () => {
    expect(inert('\x1b[31mx\r\n')).toBe('\\x1b[31mx\\r\\n')
    expect(inert('\u202Ex')).toBe('\\u{202e}x')
    expect(inert('\u{E0041}')).toBe('\\u{e0041}')
  })
  it('keeps lines and tabs apart', () => {
    expect(inertLines('a\tb\r\nc\rd\n')).toEqual(['a\tb', 'c\\rd'])
    fc.assert(
      fc.property(ANYTHING, (text) => inertLines(text).every((line) => !ACTIVE.test(line.replaceAll('\t', '')))),
    )
  })
  it('finds the last line of a progress bar', () => {
    expect(lastLine('10 %\r20 %\r30 %\r')).toBe('30 %')
    expect(lastLine('a\n\x1b[2Kb\n\n')).toBe('\\x1b[2Kb')
    expect(lastLine(' \n')).toBeUndefined()
  })
})

describe('every view', () => {
  it.each(Object.entries(HOSTILE))('makes %s inert', (_name, text) => {
    for (const [view, shown] of everyView(eventsSaying(text))) {
      expect(shown.length, view).toBeGreaterThan(0)
      const active = shown.match(/[^\n\t\P{C}]|[\p{Zl}\p{Zp}]/u)
      expect(active && `${view}: ${JSON.stringify(active[0])}`).toBeNull()
    }
  })
  it('lets no host write a line of its own in front of another host', () => {
    const views = everyView(eventsSaying('a\n[other] done'))
    for (const view of ['lines', 'frames']) expect(views.get(view)).not.toMatch(/^\[other\]/m)
  })
})
