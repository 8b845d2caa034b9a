import { describe, expect, it } from 'vitest'
import { UnreachableError } from '../../src/core/errors.ts'
import { holdSessions } from '../../src/core/held-sessions.ts'
import { LocalSession } from '../support/local-session.ts'

const never = new AbortController().signal
const options = { signal: never, forks: 2 }

describe('sessions held for a run', () => {
  it('are given out once each, and opened anew after that', async () => {
    const opened: LocalSession[] = []
    const held = await holdSessions(
      ['a', 'b'],
      async (host) => {
        const session = new LocalSession(host)
        opened.push(session)
        return session
      },
      options,
    )
    expect(held.sessions).toEqual(opened)
    const first = await held.connect('a', never)
    expect(first).toBe(opened[0])
    expect(await held.connect('a', never)).toBe(opened[2])
    await held.release()
    expect(opened.map(({ closed }) => closed)).toEqual([false, true, false])
  })
  it('tell of a host that is not there when it is asked for, and of it alone', async () => {
    const error = new UnreachableError({ what: 'b did not answer' })
    const held = await holdSessions(
      ['a', 'b'],
      async (host) => {
        if (host === 'b') throw error
        return new LocalSession(host)
      },
      options,
    )
    expect(held.sessions.map(({ host }) => host)).toEqual(['a'])
    await expect(held.connect('b', never)).rejects.toBe(error)
  })
  it('are opened a few at a time', async () => {
    let [now, most] = [0, 0]
    await holdSessions(
      ['a', 'b', 'c', 'd', 'e'],
      async (host) => {
        most = Math.max(most, ++now)
        await new Promise((resolve) => setTimeout(resolve, 10))
        now--
        return new LocalSession(host)
      },
      options,
    )
    expect(most).toBe(2)
  })
})
