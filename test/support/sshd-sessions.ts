import { afterAll, afterEach } from 'vitest'
import type { Session } from '../../src/core/host.ts'
import { type ConnectorOptions, connector } from '../../src/transport/connect.ts'
import { Sshd } from './sshd.ts'

const never = new AbortController().signal

/** One sshd for all tests of a file, and sessions that are closed after the test that opened them. */
export async function sshdSessions() {
  const sshd = await Sshd.start()
  const sessions: Session[] = []
  afterEach(async () => {
    await Promise.all(sessions.splice(0).map((session) => session.close()))
  })
  afterAll(async () => sshd.stop())
  const connected = async (target = sshd.target(), options: ConnectorOptions = {}): Promise<Session> => {
    const session = await connector(() => target, options)(target.name, never)
    sessions.push(session)
    return session
  }
  return { sshd, connected }
}
