import { nodeOf } from '../facts/kube-node.ts'
import type { KubeObject } from '../facts/kube-object.ts'
import { isToRun, type KubePod } from '../facts/kube-pods.ts'
import type { StatusRow } from '../render/status.ts'

const ROLE = 'node-role.kubernetes.io/'

/** A node of the cluster in a line of `provision status`. @throws FactError when it is no node. */
export function statusRow(object: KubeObject, pods: readonly KubePod[], nowMs: number): StatusRow {
  const node = nodeOf(object)
  const { name } = object.metadata
  const here = pods.filter((pod) => pod.node === name && isToRun(pod))
  return {
    name,
    ready: node.ready ? 'yes' : node.silent ? 'unknown' : 'no',
    cordoned: node.cordoned,
    roles: rolesOf(node.labels),
    kubelet: node.kubeletVersion.replace(/^v/, ''),
    runtime: node.runtimeVersion.replace('://', ' '),
    kernel: node.kernelVersion,
    os: node.osImage,
    pods: { ready: here.filter((pod) => pod.ready).length, all: here.length },
    ageMs: Math.max(0, nowMs - node.createdMs),
  }
}

/** kubeadm gives workers no label: a node without one is a worker. */
function rolesOf(labels: Readonly<Record<string, string>>): readonly string[] {
  const roles = Object.keys(labels).flatMap((label) => (label.startsWith(ROLE) ? [label.slice(ROLE.length)] : []))
  return roles.length === 0 ? ['worker'] : roles.toSorted()
}
