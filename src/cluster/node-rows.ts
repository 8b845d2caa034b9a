import { z } from 'zod'
import { FactError } from '../core/fact-error.ts'
import type { KubeObject } from '../facts/kube-object.ts'
import type { KubePod } from '../facts/kube-pods.ts'

const nodeSchema = z.looseObject({
  metadata: z.looseObject({
    name: z.string(),
    creationTimestamp: z.string().default(''),
    labels: z.record(z.string(), z.string()).default({}),
  }),
  spec: z.looseObject({ unschedulable: z.boolean().default(false) }).prefault({}),
  status: z.looseObject({
    conditions: z.array(z.looseObject({ type: z.string(), status: z.string() })).default([]),
    nodeInfo: z
      .looseObject({
        kubeletVersion: z.string().default(''),
        containerRuntimeVersion: z.string().default(''),
        kernelVersion: z.string().default(''),
        osImage: z.string().default(''),
      })
      .prefault({}),
  }),
})

/** A node of the cluster in a line of `provision status`. */
export interface NodeRow {
  readonly name: string
  /** As kubectl says it: `Unknown` when its kubelet has not been heard of for a while. */
  readonly ready: 'yes' | 'no' | 'unknown'
  /** Nothing new is put on it. */
  readonly cordoned: boolean
  readonly roles: readonly string[]
  readonly kubelet: string
  /** `containerd 2.3.4`. */
  readonly runtime: string
  readonly kernel: string
  readonly os: string
  /** Pods that are to run here, and those of them that are ready. */
  readonly pods: { readonly ready: number; readonly all: number }
  readonly ageMs: number
}

const ROLE = 'node-role.kubernetes.io/'

/** Fields: https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/node-v1/ @throws FactError */
export function nodeRow(object: KubeObject, pods: readonly KubePod[], nowMs: number): NodeRow {
  const parsed = nodeSchema.safeParse(object)
  if (!parsed.success) throw new FactError('kube-nodes', `${object.metadata.name}: ${z.prettifyError(parsed.error)}`)
  const { metadata, spec, status } = parsed.data
  const ready = status.conditions.find(({ type }) => type === 'Ready')?.status
  const here = pods.filter((pod) => pod.node === metadata.name && isToRun(pod))
  return {
    name: metadata.name,
    ready: ready === 'True' ? 'yes' : ready === 'False' ? 'no' : 'unknown',
    cordoned: spec.unschedulable,
    roles: rolesOf(metadata.labels),
    kubelet: status.nodeInfo.kubeletVersion.replace(/^v/, ''),
    runtime: status.nodeInfo.containerRuntimeVersion.replace('://', ' '),
    kernel: status.nodeInfo.kernelVersion,
    os: status.nodeInfo.osImage,
    pods: { ready: here.filter((pod) => pod.ready).length, all: here.length },
    ageMs: Math.max(0, nowMs - Date.parse(metadata.creationTimestamp)),
  }
}

/** Not one that has done its work. */
export function isToRun({ phase }: KubePod): boolean {
  return phase !== 'Succeeded' && phase !== 'Failed'
}

/** kubeadm gives workers no label: a node without one is a worker. */
function rolesOf(labels: Readonly<Record<string, string>>): readonly string[] {
  const roles = Object.keys(labels).flatMap((label) => (label.startsWith(ROLE) ? [label.slice(ROLE.length)] : []))
  return roles.length === 0 ? ['worker'] : roles.toSorted()
}
