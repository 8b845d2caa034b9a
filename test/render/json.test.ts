import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { jsonText } from '../../src/render/json.ts'
import { jsonStream } from '../support/every-view.ts'
import { eventsSaying, recorded } from '../support/run-events.ts'

describe('JsonRenderer', () => {
  it('says its schema first, and then every event as it was', () => {
    const events = recorded('first-run')
    const [hello, ...rest] = jsonStream(events)
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(hello).toEqual({ type: 'hello', schema: '1.1', program: 'provision' })
    expect(rest).toEqual(events)
  })
  it('has round trips and milliseconds of every host', () => {
    const last = JSON.parse(jsonStream(recorded('no-change')).trimEnd().split('\n').at(-1) ?? '')
    expect(last.hosts[0]).toMatchObject({ ms: expect.any(Number), counters: { channels: 1, roundTrips: 3 } })
  })
  it('is exact and inert at once', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        const line = jsonText({ text })
        return JSON.parse(line).text === text && !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u.test(line)
      }),
      { numRuns: 3000 },
    )
  })
  it('is one object a line, whatever hosts say', () => {
    const lines = jsonStream(eventsSaying('a\n{"type":"end","exit":0}\n')).trimEnd().split('\n')
    expect(lines.filter((line) => JSON.parse(line).type === 'end')).toHaveLength(1)
  })
})
