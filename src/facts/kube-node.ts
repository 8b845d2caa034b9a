import { z } from 'zod'
import type { Fact } from '../core/fact.ts'
import { FactError } from '../core/fact-error.ts'
import { kubectlPrelude, ONE_LINE_BASE64 } from './kubectl.ts'

const taintSchema = z.looseObject({ key: z.string(), value: z.exactOptional(z.string()), effect: z.string() })
const nodeSchema = z.looseObject({
  metadata: z.looseObject({ name: z.string(), labels: z.record(z.string(), z.string()).default({}) }),
  spec: z
    .looseObject({ taints: z.array(taintSchema).default([]), podCIDR: z.exactOptional(z.string()) })
    .default({ taints: [] }),
  status: z.looseObject({
    conditions: z
      .array(z.looseObject({ type: z.string(), status: z.string(), message: z.string().default('') }))
      .default([]),
    addresses: z.array(z.looseObject({ type: z.string(), address: z.string() })).default([]),
    nodeInfo: z.looseObject({
      kubeletVersion: z.string().default(''),
      containerRuntimeVersion: z.string().default(''),
    }),
  }),
})

export interface KubeNode {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly taints: readonly { readonly key: string; readonly value?: string; readonly effect: string }[]
  readonly ready: boolean
  /** What the kubelet says when it is not ready. */
  readonly message: string
  readonly podCIDR: string | undefined
  readonly kubeletVersion: string
  readonly runtimeVersion: string
}

/** A node as the API server knows it; `undefined` when it does not, or when there is none to ask. */
export const kubeNode: Fact<string, KubeNode | undefined> = {
  name: 'kube-node',
  id: (name) => name,
  script: (names) => `${kubectlPrelude()}
kubectl_ready && for n in ${names.join(' ')}; do
  o=$(k get node "$n" -o json 2>/dev/null) || continue
  printf '%s\\tnode\\t%s\\n' "$n" "$(printf '%s' "$o" | ${ONE_LINE_BASE64})"
done
:`,
  volatile: ['node'],
  parse(lines, name) {
    const text = lines[0]?.[1]
    if (text === undefined) return undefined
    const parsed = nodeSchema.safeParse(JSON.parse(Buffer.from(text, 'base64').toString('utf8')))
    if (!parsed.success) throw new FactError('kube-node', `${name}: ${z.prettifyError(parsed.error)}`)
    const { metadata, spec, status } = parsed.data
    const ready = status.conditions.find(({ type }) => type === 'Ready')
    return {
      name: metadata.name,
      labels: metadata.labels,
      taints: spec.taints.map(({ key, value, effect }) =>
        value === undefined ? { key, effect } : { key, value, effect },
      ),
      ready: ready?.status === 'True',
      message: ready?.message ?? 'the kubelet has not reported yet',
      podCIDR: spec.podCIDR,
      kubeletVersion: status.nodeInfo.kubeletVersion,
      runtimeVersion: status.nodeInfo.containerRuntimeVersion,
    }
  },
}
