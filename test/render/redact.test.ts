import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { EventBody } from '../../src/core/events.ts'
import { Redactor, redactedReport, redactedSink } from '../../src/render/redact.ts'
import { everyView } from '../support/every-view.ts'
import { eventsSaying } from '../support/run-events.ts'

const CANARY = "c4nary's-p@ss/w0rd+ü"

/** Ways a secret may be written. */
const FORMS: Readonly<Record<string, (secret: string) => string>> = {
  'as it is': (secret) => secret,
  hex: (secret) => Buffer.from(secret).toString('hex'),
  HEX: (secret) => Buffer.from(secret).toString('hex').toUpperCase(),
  base64: (secret) => Buffer.from(secret).toString('base64'),
  base64url: (secret) => Buffer.from(secret).toString('base64url'),
  'base64 inside, one on': (secret) => Buffer.from(`x${secret}yz`).toString('base64'),
  'base64 inside, two on': (secret) => Buffer.from(`xy${secret}z`).toString('base64'),
  url: (secret) => encodeURIComponent(secret),
  json: (secret) => JSON.stringify(secret),
  shell: (secret) => `'${secret.replaceAll("'", "'\\''")}'`,
}

function knowing(...secrets: readonly string[]): Redactor {
  const redactor = new Redactor()
  for (const secret of secrets) redactor.add(secret)
  return redactor
}

/** Anything of a form that is long enough to be worth something to a finder. */
function remains(text: string, form: string): boolean {
  const core = form.slice(4, -4)
  return core.length >= 6 && text.includes(core)
}

describe('Redactor', () => {
  it.each(Object.entries(FORMS))('finds a secret %s', (_name, write) => {
    const redactor = knowing(CANARY)
    const shown = redactor.text(`before ${write(CANARY)} after`)
    expect(shown).toContain('‹secret›')
    expect(remains(shown, write(CANARY))).toBe(false)
  })
  it('leaves none of a secret of six characters or more, in any form', () => {
    const secret = fc
      .string({ unit: 'grapheme-ascii', minLength: 6, maxLength: 40 })
      .filter((text) => text.trim() === text)
    fc.assert(
      fc.property(secret, fc.constantFrom(...Object.values(FORMS).slice(0, 5)), (value, write) => {
        const shown = knowing(value).text(`<<${write(value)}>>`)
        return !shown.includes(write(value).replace(/=+$/, ''))
      }),
      { numRuns: 2000 },
    )
  })
  it('knows the lines of a private key, and not its frame', () => {
    const key = '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAA\n-----END OPENSSH PRIVATE KEY-----\n'
    const shown = knowing(key).text('-----BEGIN OPENSSH PRIVATE KEY----- and b3BlbnNzaC1rZXktdjEAAAA')
    expect(shown).toBe('-----BEGIN OPENSSH PRIVATE KEY----- and ‹secret›')
  })
  it('does not cut words for an empty or tiny secret', () => {
    expect(knowing('', ' ', 'a', 'abc').text('a cabbage abc')).toBe('a cabbage abc')
  })
  it('takes a secret as letters, not as a pattern', () => {
    expect(knowing('a.*b(c)[d]').text('axxb a.*b(c)[d]')).toBe('axxb ‹secret›')
  })
  it('walks through data, and leaves the words of the schema', () => {
    const data = { type: 's3cret', result: { state: 's3cret', lines: ['x s3cret'] }, n: [1, null] }
    expect(knowing('s3cret').deep(data)).toEqual({
      type: 's3cret',
      result: { state: 's3cret', lines: ['x ‹secret›'] },
      n: [1, null],
    })
  })
})

describe('redactedReport', () => {
  /** What listeners got of one step's output, however it was cut. */
  function passed(redactor: Redactor, pieces: readonly string[]): string {
    let text = ''
    const listen = (event: EventBody) => {
      if (event.type === 'output') text += event.text
    }
    const report = redactedReport(redactor, listen)
    for (const piece of pieces) report({ type: 'output', host: 'h', key: 'a:b', text: piece })
    report({ type: 'step', host: 'h', key: 'a:b', title: 't', section: 's', state: 'ok', ms: 1 })
    return text
  }

  it('finds a secret however the stream is cut', () => {
    const text = `some ${CANARY} output ${CANARY}${CANARY} and ${CANARY.slice(0, 5)}`
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: text.length - 1 }), { maxLength: 12 })
    const redactor = knowing(CANARY, CANARY.slice(0, 8), 'output')
    const whole = redactor.text(text)
    fc.assert(
      fc.property(cuts, (places) => {
        const at = [0, ...places.toSorted((a, b) => a - b), text.length]
        const pieces = at.slice(1).map((end, i) => text.slice(at[i], end))
        return passed(redactor, pieces) === whole
      }),
      { numRuns: 2000 },
    )
  })
  it('keeps every character that is no secret', () => {
    const pieces = fc.array(fc.string({ maxLength: 8 }), { maxLength: 20 })
    fc.assert(fc.property(pieces, (texts) => passed(knowing('zzzz-secret-zzzz'), texts) === texts.join('')))
  })
  it('keeps streams of hosts apart', () => {
    const got: string[] = []
    const report = redactedReport(knowing('secret-word'), (event) => {
      if (event.type === 'output') got.push(`${event.host}: ${event.text}`)
    })
    report({ type: 'output', host: 'a', key: 'k:1', text: 'secret-' })
    report({ type: 'output', host: 'b', key: 'k:1', text: 'word' })
    report({ type: 'end', ms: 1, exit: 0, hosts: [], criticalPath: [] })
    expect(got).toEqual(['b: word', 'a: secret-'])
  })
})

describe('every sink', () => {
  it.each(Object.entries(FORMS))('never shows a canary written %s', (_name, write) => {
    const redactor = knowing(CANARY)
    const events: Parameters<typeof everyView>[0][number][] = []
    const report = redactedReport(redactor, (event) => events.push({ t: 1, ...event }))
    for (const { t: _t, ...event } of eventsSaying(write(CANARY))) report(event)
    for (const [view, shown] of everyView(events)) expect(remains(shown, write(CANARY)), view).toBe(false)
  })
  it('is the last net', () => {
    let text = ''
    redactedSink(knowing(CANARY), { write: (more) => (text += more) }).write(`x ${CANARY}`)
    expect(text).toBe('x ‹secret›')
  })
})
