import { type PeersInput, surveyPeers } from '../../src/cluster/peers.ts'
import type { PeersSeen } from '../../src/cluster/peers-seen.ts'
import type { Session } from '../../src/core/host.ts'

/** A session whose host finds no Perl, and so takes the Python. */
export function withoutPerl(session: Session): Session {
  return prefaced(session, 'perl() { return 1; }')
}

/** A session that runs something in front of every script. */
export function prefaced(session: Session, text: string): Session {
  const run: Session['run'] = (script, options) => session.run(`${text}\n${script}`, options)
  return new Proxy(session, { get: (target, key) => (key === 'run' ? run : Reflect.get(target, key, target)) })
}

/** A survey with what tests do not care about filled in. */
export function surveyed(input: Pick<PeersInput, 'hosts' | 'sessions'> & Partial<PeersInput>): Promise<PeersSeen> {
  return surveyPeers({
    users: ['control plane', 'flannel vxlan'],
    signal: new AbortController().signal,
    nowMs: () => Date.now(),
    ...input,
  })
}

/** What one host saw of another. */
export function pairOf(seen: PeersSeen, from: string, to: string): PeersSeen['pairs'][number] {
  const pair = seen.pairs.find((each) => each.from === from && each.to === to)
  if (!pair) throw new Error(`nothing is known of ${from} → ${to}`)
  return pair
}
