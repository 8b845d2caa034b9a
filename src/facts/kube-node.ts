import { z } from 'zod'
import type { Answers } from '../core/fact.ts'
import { FactError } from '../core/fact-error.ts'
import { type KubeObject, kubeProbe } from './kube-object.ts'

const taintSchema = z.looseObject({ key: z.string(), value: z.exactOptional(z.string()), effect: z.string() })
const nodeSchema = z.looseObject({
  metadata: z.looseObject({
    name: z.string(),
    creationTimestamp: z.string().default(''),
    labels: z.record(z.string(), z.string()).default({}),
    annotations: z.record(z.string(), z.string()).default({}),
  }),
  spec: z
    .looseObject({
      taints: z.array(taintSchema).default([]),
      podCIDR: z.exactOptional(z.string()),
      unschedulable: z.boolean().default(false),
    })
    .prefault({}),
  status: z.looseObject({
    conditions: z
      .array(z.looseObject({ type: z.string(), status: z.string(), message: z.string().default('') }))
      .default([]),
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

export interface KubeNode {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly taints: readonly { readonly key: string; readonly value?: string; readonly effect: string }[]
  readonly ready: boolean
  /** Its kubelet has not been heard of for a while, or not yet. */
  readonly silent: boolean
  /** Nothing new is put on it. */
  readonly cordoned: boolean
  /** Milliseconds since 1970. */
  readonly createdMs: number
  /** What the kubelet says of its condition. */
  readonly message: string
  readonly podCIDR: string | undefined
  readonly kubeletVersion: string
  readonly runtimeVersion: string
  readonly kernelVersion: string
  readonly osImage: string
}

/** A Node object, read. Fields: https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/node-v1/ */
export function nodeOf(object: KubeObject): KubeNode {
  const parsed = nodeSchema.safeParse(object)
  if (!parsed.success) throw new FactError('kube-node', `${object.metadata.name}: ${z.prettifyError(parsed.error)}`)
  const { metadata, spec, status } = parsed.data
  const ready = status.conditions.find(({ type }) => type === 'Ready')
  return {
    labels: metadata.labels,
    annotations: metadata.annotations,
    taints: spec.taints.map(({ key, value, effect }) => ({ key, effect, ...(value === undefined ? {} : { value }) })),
    ready: ready?.status === 'True',
    silent: ready?.status !== 'True' && ready?.status !== 'False',
    cordoned: spec.unschedulable,
    createdMs: Date.parse(metadata.creationTimestamp),
    message: ready?.message ?? 'the kubelet has not reported yet',
    podCIDR: spec.podCIDR,
    kubeletVersion: status.nodeInfo.kubeletVersion,
    runtimeVersion: status.nodeInfo.containerRuntimeVersion,
    kernelVersion: status.nodeInfo.kernelVersion,
    osImage: status.nodeInfo.osImage,
  }
}

/** Set by kubeadm at the end of a control plane's join. */
export const CONTROL_PLANE_LABEL = 'node-role.kubernetes.io/control-plane'

export function nodeProbe(name: string) {
  return kubeProbe('v1', 'Node', name)
}

/** Whether the cluster has this node, and calls it a control plane if it is to be one. Asks `nodeProbe`. */
export function isMember(
  { name, controlPlane }: { readonly name: string; readonly controlPlane: boolean },
  answers: Answers,
): boolean {
  const seen = answers.get(nodeProbe(name))
  return seen.state === 'present' && (!controlPlane || CONTROL_PLANE_LABEL in nodeOf(seen.object).labels)
}
