import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FrameParser, newNonce } from '../../src/transport/frame.ts'
import { prelude } from '../../src/transport/script.ts'
import { Sections } from '../../src/transport/sections.ts'

const NONCE = '0123456789abcdef0123456789abcdef'

function parse(bytes: Uint8Array, cuts: readonly number[] = [], capBytes?: number) {
  const live: string[] = []
  const sections = new Sections({
    ...(capBytes === undefined ? {} : { capBytes }),
    onText: (mark, text) => live.push(`${mark.join(' ')}:${text}`),
  })
  const parser = new FrameParser(NONCE, sections)
  const borders = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)
  let at = 0
  for (const border of borders) {
    parser.push(bytes.subarray(at, border))
    at = border
  }
  parser.flush()
  const { code } = sections
  return { code, sections: sections.finish(), live }
}

const record = (mark: string, text = ''): string => `\n${NONCE} ${mark}\n${text}`

describe('FrameParser', () => {
  it('reads records and their trailer', () => {
    const { code, sections } = parse(
      Buffer.from(`motd\n${record('fact a', 'one\n')}${record('fact b')}${record('END 3')}`),
    )
    expect(code).toBe(3)
    expect(sections).toEqual([
      { mark: ['fact', 'a'], text: 'one\n', droppedBytes: 0 },
      { mark: ['fact', 'b'], text: '', droppedBytes: 0 },
    ])
  })

  it('takes exactly one newline before a marker', () => {
    const texts = ['', '\n', '\n\n', 'a', 'a\n', '\na\n\n']
    const { sections } = parse(Buffer.from(texts.map((text, i) => record(`s ${i}`, text)).join('') + record('END 0')))
    expect(sections.map(({ text }) => text)).toEqual(texts)
  })

  it.each([
    ['nothing', ''],
    ['no trailer', record('a', 'text')],
    ['a trailer that is not the last record', record('END 0') + record('b')],
    ['a cut trailer', `\n${NONCE} END 0`],
    ['a trailer with another nonce', record('END 0').replace('0123', '3210')],
    ['a trailer in the middle of a line', `${record('a', 'x')}x${NONCE} END 0\n`],
    ['a trailer without a number', record('END x')],
  ])('has no result with %s', (_name, text) => {
    expect(parse(Buffer.from(text)).code).toBeUndefined()
  })

  it('gives what it was given, however it was cut', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom('\n', NONCE, `\n${NONCE}`, ' ', 'é', '💥', NONCE.slice(0, 9), '\r') }),
    )
    const input = fc.tuple(fc.array(text), fc.string(), fc.array(fc.nat()), fc.integer({ min: 0, max: 255 }))
    fc.assert(
      fc.property(input, ([texts, noise, cuts, exit]) => {
        // A text that holds a whole marker is a marker; nobody but the script knows the nonce.
        fc.pre([noise, ...texts].every((text) => !`\n${text}\n`.includes(`\n${NONCE} `)))
        const bytes = Buffer.from(
          noise + texts.map((text, i) => record(`s ${i}`, text)).join('') + record(`END ${exit}`),
        )
        const { code, sections, live } = parse(bytes, cuts)
        expect(code).toBe(exit)
        expect(sections.map((section) => section.text)).toEqual(texts)
        const heard = texts.map((_, i) =>
          live.filter((line) => line.startsWith(`s ${i}:`)).map((line) => line.slice(`s ${i}:`.length)),
        )
        expect(heard.map((parts) => parts.join(''))).toEqual(texts)
      }),
      { numRuns: 10_000 },
    )
  })

  it('passes text on at once, as soon as it cannot be a marker', () => {
    const heard: string[] = []
    const sections = new Sections({ onText: (_mark, text) => heard.push(text) })
    const parser = new FrameParser(NONCE, sections)
    parser.push(Buffer.from(record('a', 'progress 10%\n')))
    expect(heard.join('')).toBe('progress 10%')
    parser.push(Buffer.from('x'))
    expect(heard.join('')).toBe('progress 10%\nx')
  })

  it('never breaks a character, and shows invalid bytes as such', () => {
    const { sections, live } = parse(
      Buffer.concat([Buffer.from(record('a', 'é💥')), Buffer.from([0xff, 0x41])]),
      [40, 41, 42, 43, 44, 45, 46],
    )
    expect(sections[0]?.text).toBe('é💥\ufffdA')
    expect(live.join('').replaceAll('a:', '')).toBe('é💥\ufffdA')
  })

  it('keeps head and tail of a flood and counts the rest', () => {
    const flood = 'é'.repeat(600_000)
    const { sections } = parse(Buffer.from(record('a', `start${flood}end`) + record('END 0')), [], 1001)
    const [section] = sections
    expect(section?.text).toMatch(/^starté+\n\[… \d+ bytes left out …\]\né+end$/u)
    const kept = Buffer.byteLength(section?.text.replace(/\n\[.*\]\n/u, '') ?? '')
    expect(kept).toBeLessThanOrEqual(1001)
    expect(kept + (section?.droppedBytes ?? 0)).toBe(Buffer.byteLength(flood) + 8)
  })

  it('does not hold a line without end for a marker', () => {
    const { sections } = parse(Buffer.from(record('a', `\n${NONCE} ${'x'.repeat(200_000)}`)))
    expect(sections[0]?.droppedBytes).toBe(0)
    expect(sections[0]?.text.length).toBe(200_000 + NONCE.length + 2)
  })
})

describe('mark', () => {
  it.each(['dash', 'bash', 'busybox'])('prints markers the parser reads, in %s', (shell) => {
    const args = shell === 'busybox' ? ['sh', '-c'] : ['-c']
    const script = `${prelude(NONCE)}\nmark fact 1; printf 'x\\\\n'; mark END 7`
    const { code, sections } = parse(execFileSync(shell, [...args, script]))
    expect(code).toBe(7)
    expect(sections).toEqual([{ mark: ['fact', '1'], text: 'x\\n', droppedBytes: 0 }])
  })

  it('has a nonce of 128 bits, new for each script', () => {
    const nonces = new Set(Array.from({ length: 100 }, newNonce))
    expect(nonces.size).toBe(100)
    for (const nonce of nonces) expect(nonce).toMatch(/^[0-9a-f]{32}$/)
  })
})
