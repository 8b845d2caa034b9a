import type { Connect, Session } from './host.ts'
import { limiter } from './limit.ts'

/**
 * Sessions that are opened before the run that uses them, because all hosts are needed at once first. The run gets them
 * through `connect`, each once, and closes them as if it had opened them itself; a host that could not be reached is
 * refused with the same error then.
 */
export interface HeldSessions {
  readonly sessions: readonly Session[]
  readonly connect: Connect
  /** Closes what nobody took. Never throws. */
  release(): Promise<void>
}

export interface HoldOptions {
  readonly signal: AbortSignal
  /** Connections being opened at once. */
  readonly forks: number
}

/** Never throws: what one host says is told when that host is asked for. */
export async function holdSessions(
  hosts: readonly string[],
  connect: Connect,
  { signal, forks }: HoldOptions,
): Promise<HeldSessions> {
  const limit = limiter(forks)
  const settled = await Promise.all(
    hosts.map((host) =>
      limit(async () => {
        try {
          return { host, session: await connect(host, signal) }
        } catch (error) {
          return { host, error }
        }
      }),
    ),
  )
  const held = new Map(settled.map((each) => [each.host, each] as const))
  return {
    sessions: settled.flatMap(({ session }) => (session ? [session] : [])),
    connect: async (host, again) => {
      const each = held.get(host)
      held.delete(host)
      if (!each) return connect(host, again)
      if (each.session) return each.session
      throw each.error
    },
    release: async () => {
      const left = [...held.values()].flatMap(({ session }) => (session ? [session] : []))
      held.clear()
      await Promise.all(left.map((session) => session.close()))
    },
  }
}
