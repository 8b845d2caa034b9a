import type { Unknown } from '../core/decision.ts'
import type { Answers, AnyProbe } from '../core/fact.ts'
import { type Resource, type ResourceOptions, type ResourceType, resource } from '../core/resource.ts'
import type { Value } from '../core/value.ts'
import { bootstrapTokenProbe } from '../facts/bootstrap-token.ts'
import { clusterCaProbe } from '../facts/cluster-ca.ts'
import { isMember, nodeProbe } from '../facts/kube-node.ts'
import { WITH_OUR_PATH } from '../facts/kubectl.ts'
import { blobOf } from './blob.ts'
import { kubeUnseen } from './kube-unseen.ts'

export interface JoinTicketWant {
  /** Who is to be in the cluster. */
  readonly nodes: readonly { readonly name: string; readonly controlPlane: boolean }[]
  /** kubeadm's configuration with token and certificate key in it, and the token's public part. */
  readonly file: Value<{ readonly tokenId: string; readonly text: string }>
}

interface TicketState {
  /** Nodes the cluster does not have, or not as control planes. */
  readonly missing: readonly string[]
  readonly withCertificates: boolean
  readonly valid: boolean
}

/**
 * The right to join for nodes the cluster lacks: a bootstrap token, and the certificates of the control plane, encrypted, when
 * one of them is to be a control plane. Token and key come in a file in memory: nothing of them is in a command or an output.
 */
const joinTicketType: ResourceType<JoinTicketWant, TicketState> = {
  name: 'join-ticket',
  key: () => 'join:ticket',
  paths: () => [],
  probes: ({ nodes }): readonly AnyProbe[] => [clusterCaProbe, ...nodes.map(({ name }) => nodeProbe(name))],
  closer: ({ file }) => (file.known && file.error === undefined ? [bootstrapTokenProbe(file.get().tokenId)] : []),
  observe: look,
  diff: (_want, { missing, valid }) =>
    missing.length === 0 || valid
      ? []
      : missing.map((name) => ({ what: name, from: 'not in the cluster', to: 'may join' })),
  steps: (want, have) => (joinTicketType.diff(want, have).length === 0 ? [] : [handOut(want, have)]),
  evidence: ({ nodes }, { missing }) =>
    missing.length === 0 ? `${nodes.length} other nodes are in the cluster` : `${missing.join(', ')} may join`,
}

export function joinTicket(want: JoinTicketWant, options: ResourceOptions = {}): Resource {
  return resource(joinTicketType, want, { title: 'right to join', until: want.file, ...options })
}

function look({ nodes, file }: JoinTicketWant, answers: Answers): TicketState | Unknown {
  const seen = nodes.map(({ name }) => answers.get(nodeProbe(name)))
  const unseen = kubeUnseen(seen)
  if (unseen) return unseen
  const missing = nodes.filter((node) => !isMember(node, answers))
  const known = file.known && file.error === undefined
  return {
    missing: missing.map(({ name }) => name),
    withCertificates: missing.some(({ controlPlane }) => controlPlane),
    valid: known && missing.length > 0 && answers.get(bootstrapTokenProbe(file.get().tokenId)),
  }
}

function handOut({ file }: JoinTicketWant, { withCertificates }: TicketState) {
  const blob = blobOf('join ticket', file.get().text, true)
  const certificates = withCertificates
    ? 'kubeadm init phase upload-certs --upload-certs --config "$config" >/dev/null || exit 1\n'
    : ''
  return {
    title: 'let the missing nodes join',
    blobs: [blob],
    // kubeadm prints what it was given: neither belongs in a journal.
    body: `${WITH_OUR_PATH}
config=$(blob ${blob.sha256})
${certificates}kubeadm token create --config "$config" >/dev/null`,
    timeoutMs: 120_000,
  }
}
