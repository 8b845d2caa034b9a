import { parse } from 'yaml'
import type { Change } from '../core/change.ts'
import { quote } from '../core/quote.ts'
import { type Resource, type ResourceOptions, type ResourceType, resource } from '../core/resource.ts'
import { kubeProbe } from '../facts/kube-object.ts'
import { kubectlPrelude, WITH_OUR_PATH } from '../facts/kubectl.ts'

export interface KubeProxyConfigWant {
  /** Fields of KubeProxyConfiguration that we decide; everything else is kube-proxy's own. */
  readonly wanted: Readonly<Record<string, unknown>>
  /** kubeadm configuration on the host that holds the same values. */
  readonly config: string
}

const live = kubeProbe('v1', 'ConfigMap', 'kube-system/kube-proxy')

/**
 * kube-proxy's configuration in the living cluster. kubeadm writes it once and never again, so a changed inventory would
 * be forgotten without this: the add-on phase is run again and the DaemonSet restarted, node by node.
 */
const kubeProxyConfigType: ResourceType<KubeProxyConfigWant, Readonly<Record<string, unknown>>> = {
  name: 'kube-proxy-config',
  key: () => 'kube-proxy:config',
  probes: () => [live],
  observe(_want, answers) {
    const seen = answers.get(live)
    if (seen.state !== 'present') return { unknown: 'the cluster has no kube-proxy configuration yet' }
    const data = seen.object.data as Readonly<Record<string, string>> | undefined
    return parse(data?.['config.conf'] ?? '{}') as Record<string, unknown>
  },
  diff: ({ wanted }, have) => differences(wanted, have),
  steps: (want, have) =>
    differences(want.wanted, have).length === 0
      ? []
      : [{ title: 'configure kube-proxy again and restart it', body: script(want), timeoutMs: 600_000 }],
  evidence: ({ wanted }) => `mode ${String(wanted.mode)}`,
}

export function kubeProxyConfig(want: KubeProxyConfigWant, options: ResourceOptions = {}): Resource {
  return resource(kubeProxyConfigType, want, { title: 'kube-proxy configuration', ...options })
}

/** Differences in what we want; values only the cluster has are left alone. Durations compare by length, not by spelling. */
function differences(wanted: Readonly<Record<string, unknown>>, have: unknown, path = ''): readonly Change[] {
  const held: Readonly<Record<string, unknown>> = isRecord(have) ? have : {}
  return Object.entries(wanted).flatMap(([key, value]) => {
    const name = path === '' ? key : `${path}.${key}`
    if (isRecord(value)) return differences(value, held[key], name)
    if (same(value, held[key])) return []
    return [{ what: name, from: text(held[key]), to: text(value), disrupts: 'restarts kube-proxy on every node' }]
  })
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function same(a: unknown, b: unknown): boolean {
  if (typeof a === 'string' && typeof b === 'string') {
    const [seconds, others] = [goSeconds(a), goSeconds(b)]
    if (seconds !== undefined && others !== undefined) return seconds === others
  }
  return JSON.stringify(a) === JSON.stringify(b)
}

/** `1h2m3s` in seconds; undefined when it is no Go duration. */
function goSeconds(duration: string): number | undefined {
  if (!/^(\d+(\.\d+)?(h|m|s|ms))+$/.test(duration)) return undefined
  const unit: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1, ms: 0.001 }
  return [...duration.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)].reduce(
    (sum, [, n, u = 's']) => sum + Number(n) * (unit[u] ?? 1),
    0,
  )
}

function text(value: unknown): string {
  return value === undefined ? 'unset' : typeof value === 'string' ? value || '""' : JSON.stringify(value)
}

function script({ config }: KubeProxyConfigWant): string {
  return `${WITH_OUR_PATH}
${kubectlPrelude(60)}
kubeadm init phase addon kube-proxy --config ${quote(config)} &&
k -n kube-system rollout restart daemonset/kube-proxy &&
k -n kube-system rollout status daemonset/kube-proxy --timeout=300s`
}
