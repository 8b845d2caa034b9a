import { describe, expect, it } from 'vitest'
import { parseStartTicks } from '../../src/lab/local/process.ts'

const stat = (name: string, state = 'S') =>
  `4242 (${name}) ${state} 1 4242 4242 0 -1 4194560 100 0 0 0 5 6 7 8 20 0 1 0 987654 1000000 200 18446744073709551615`

describe('the start of a process', () => {
  it.each([
    ['a plain name', stat('linux'), 987654],
    ['a name with spaces', stat('a b c'), 987654],
    ['a name made to confuse', stat('x) R 1 2 (y'), 987654],
    ['one that ended but was not waited for', stat('linux', 'Z'), undefined],
    ['one that is gone', '', undefined],
    ['text of another shape', 'nonsense', undefined],
  ])('is read for %s', (_, text, ticks) => {
    expect(parseStartTicks(text)).toBe(ticks)
  })
})
