import type { Answers } from '../core/fact.ts'
import { clusterCaProbe } from '../facts/cluster-ca.ts'
import { isMember } from '../facts/kube-node.ts'

/** What a machine needs to join, beside the secrets, which stay with the run. */
export interface JoinTicket {
  /** `sha256:HEX`: proves to the newcomer that it talks to this cluster. */
  readonly caPin: string
}

/** What those who join are told, from the look that showed that they may; nothing when all of them are in. */
export function ticketFrom(
  nodes: readonly { readonly name: string; readonly controlPlane: boolean }[],
  answers: Answers,
): JoinTicket | undefined {
  const caPin = answers.get(clusterCaProbe)
  const missing = nodes.some((node) => !isMember(node, answers))
  return missing && caPin !== undefined ? { caPin } : undefined
}
