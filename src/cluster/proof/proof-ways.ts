import type { PodPair } from './proof-seen.ts'

/** One direction between the pods of two nodes. */
export interface Way {
  readonly pair: PodPair
  /** `open`: what is sent arrives, whatever becomes of the answer. */
  readonly state: 'open' | 'closed' | 'unknown'
  /** What was sent and what became of it, where that is not simply that it arrived. */
  readonly what?: string
}

/** Every direction on its own: an answer that is lost is a matter of the way back. */
export function waysOf(pairs: readonly PodPair[]): readonly Way[] {
  const known = new Map(pairs.map((pair) => [`${pair.from} ${pair.to}`, pair]))
  return pairs.map((pair) => ({ pair, ...judged(pair, known.get(`${pair.to} ${pair.from}`)) }))
}

function judged({ tcp, udp, arrived, to }: PodPair, back: PodPair | undefined): Omit<Way, 'pair'> {
  if (tcp === 'untried' && udp === 'untried') return { state: 'unknown', what: 'not measured' }
  if (!arrived) return { state: 'closed', what: `nothing arrives: TCP ${WORDS[tcp]}, UDP ${WORDS[udp]}` }
  if (tcp !== 'reached') {
    if (back && !back.arrived) return { state: 'open', what: `answers are lost on the way back from ${to}` }
    return { state: 'closed', what: `datagrams arrive, and TCP ${WORDS[tcp]}` }
  }
  if (udp === 'reached') return { state: 'open' }
  return { state: 'closed', what: `TCP arrives, and UDP ${WORDS[udp]}` }
}

const WORDS: Readonly<Record<PodPair['tcp'], string>> = {
  reached: 'arrives',
  open: 'arrives',
  silent: 'gets no answer within 4 s',
  refused: 'is refused',
  stranger: 'is answered by somebody else',
  mute: 'connects, and not a byte comes through',
  unreachable: 'finds no way there',
  untried: 'was not tried',
}
