import type { Unknown } from '../core/decision.ts'
import type { KubeSeen } from '../facts/kube-object.ts'

/** Why nothing can be said of these objects, if so: their API server does not answer, or there is none. */
export function kubeUnseen(seen: readonly KubeSeen[]): Unknown | undefined {
  const down = seen.find(({ state }) => state === 'down')
  if (down?.state === 'down') return { unknown: `the API server does not answer: ${down.reason}` }
  return seen.some(({ state }) => state === 'none') ? { unknown: 'there is no cluster on this host yet' } : undefined
}
