import type { Change } from '../core/change.ts'
import { argv } from '../core/quote.ts'
import { type Key, type Resource, type ResourceOptions, type ResourceType, resource } from '../core/resource.ts'
import type { Step } from '../core/step.ts'
import { type KubeNode, nodeOf } from '../facts/kube-node.ts'
import { kubeProbe } from '../facts/kube-object.ts'
import { kubectlPrelude } from '../facts/kubectl.ts'

export interface Taint {
  readonly key: string
  readonly value?: string
  readonly effect: string
}

export interface KubeNodeWant {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly taints: readonly Taint[]
  /** What must not be there; anything not named here or above is left alone. */
  readonly without: {
    readonly labels: readonly string[]
    readonly annotations?: readonly string[]
    readonly taints: readonly string[]
  }
}

/** Labels and taints of a node. Owns those the inventory names, and the ones kubeadm set that the roles contradict. */
const kubeNodeType: ResourceType<KubeNodeWant, KubeNode> = {
  name: 'kube-node',
  key: ({ name }): Key => `kube-node:${name}`,
  probes: ({ name }) => [kubeProbe('v1', 'Node', name)],
  observe({ name }, answers) {
    const seen = answers.get(kubeProbe('v1', 'Node', name))
    return seen.state === 'present' ? nodeOf(seen.object) : { unknown: `node ${name} has not registered yet` }
  },
  diff: (want, have) => edits(want, have).map(({ change }) => change),
  steps: (want, have): readonly Step[] =>
    edits(want, have).map(({ change, command }) => ({
      title: `node ${want.name}: ${change.what}`,
      body: `${kubectlPrelude(60)}\nk ${argv(command)}`,
    })),
  evidence: (_want, { kubeletVersion, runtimeVersion }) => `kubelet ${kubeletVersion}, ${runtimeVersion}`,
}

export function kubeNodeSettings(want: KubeNodeWant, options: ResourceOptions = {}): Resource {
  return resource(kubeNodeType, want, { title: `node ${want.name}`, ...options })
}

interface Edit {
  readonly change: Change
  readonly command: readonly string[]
}

function edits(want: KubeNodeWant, have: KubeNode): readonly Edit[] {
  return [...labelEdits(want, have), ...annotationEdits(want, have), ...taintEdits(want, have)]
}

function labelEdits({ name, labels, without }: KubeNodeWant, have: KubeNode): readonly Edit[] {
  const set = Object.entries(labels)
    .filter(([key, value]) => have.labels[key] !== value)
    .map(([key, value]) => ({
      change: { what: `label ${key}`, from: have.labels[key] ?? 'absent', to: value || '""' },
      command: ['label', '--overwrite', 'node', name, `${key}=${value}`],
    }))
  const unset = without.labels
    .filter((key) => have.labels[key] !== undefined)
    .map((key) => ({
      change: { what: `label ${key}`, from: have.labels[key] || '""', to: 'absent' },
      command: ['label', 'node', name, `${key}-`],
    }))
  return [...set, ...unset]
}

function annotationEdits({ name, annotations = {}, without }: KubeNodeWant, have: KubeNode): readonly Edit[] {
  const set = Object.entries(annotations)
    .filter(([key, value]) => have.annotations[key] !== value)
    .map(([key, value]) => ({
      change: { what: `annotation ${key}`, from: have.annotations[key] ?? 'absent', to: value },
      command: ['annotate', '--overwrite', 'node', name, `${key}=${value}`],
    }))
  const unset = (without.annotations ?? [])
    .filter((key) => have.annotations[key] !== undefined)
    .map((key) => ({
      change: { what: `annotation ${key}`, from: have.annotations[key] || '""', to: 'absent' },
      command: ['annotate', 'node', name, `${key}-`],
    }))
  return [...set, ...unset]
}

function taintEdits({ name, taints, without }: KubeNodeWant, have: KubeNode): readonly Edit[] {
  const held = (key: string, effect?: string) =>
    have.taints.find((taint) => taint.key === key && (effect === undefined || taint.effect === effect))
  const set = taints
    .filter(({ key, effect, value }) => (held(key, effect)?.value ?? '') !== (value ?? '') || !held(key, effect))
    .map((taint) => ({
      change: { what: `taint ${taint.key}`, from: describe(held(taint.key)), to: describe(taint) },
      command: ['taint', '--overwrite', 'node', name, `${taint.key}=${taint.value ?? ''}:${taint.effect}`],
    }))
  const unset = without.taints
    .filter((key) => held(key))
    .map((key) => ({
      change: { what: `taint ${key}`, from: describe(held(key)), to: 'absent' },
      command: ['taint', 'node', name, `${key}-`],
    }))
  return [...set, ...unset]
}

function describe(taint: Taint | undefined): string {
  if (!taint) return 'absent'
  return `${taint.value ? `${taint.value}:` : ''}${taint.effect}`
}
