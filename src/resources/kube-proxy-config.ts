import { isMap, parse, parseDocument } from 'yaml'
import type { Change } from '../core/change.ts'
import { sha256 } from '../core/plan.ts'
import { quote } from '../core/quote.ts'
import { type Resource, type ResourceOptions, type ResourceType, resource } from '../core/resource.ts'
import { kubeProbe } from '../facts/kube-object.ts'
import { kubectlPrelude } from '../facts/kubectl.ts'

export interface KubeProxyConfigWant {
  /** Fields of KubeProxyConfiguration that we decide; everything else is kube-proxy's own. */
  readonly wanted: Readonly<Record<string, unknown>>
}

interface Have {
  readonly text: string
  readonly config: unknown
  readonly resourceVersion: string
  /** Digest of the settings its pods must have begun with; nothing where kubeadm alone was at work. */
  readonly promised: string | undefined
  /** Digest of the settings they were last restarted for. */
  readonly begun: string | undefined
}

/** On the ConfigMap, and on the pods that were started after it was written: restart is state. */
const MARK = 'provision/kube-proxy-config'

const RESTARTS = 'restarts kube-proxy on every node, one after the other'

const live = kubeProbe('v1', 'ConfigMap', 'kube-system/kube-proxy')
const pods = kubeProbe('apps/v1', 'DaemonSet', 'kube-system/kube-proxy')

/**
 * kube-proxy's configuration in the living cluster. kubeadm writes it once and never again, so a changed inventory would
 * be forgotten without this. What stands in it beside our fields is kept, and the DaemonSet rolls, node by node.
 */
const kubeProxyConfigType: ResourceType<KubeProxyConfigWant, Have> = {
  name: 'kube-proxy-config',
  key: () => 'kube-proxy:config',
  probes: () => [live, pods],
  observe(_want, answers) {
    const [map, set] = [answers.get(live), answers.get(pods)]
    if (map.state !== 'present' || set.state !== 'present')
      return { unknown: 'the cluster has no kube-proxy configuration yet' }
    const data = map.object.data as Readonly<Record<string, string>> | undefined
    const text = data?.['config.conf'] ?? ''
    const { template } = set.object.spec as { readonly template: { readonly metadata?: Annotated } }
    return {
      text,
      config: parse(text),
      resourceVersion: String(map.object.metadata.resourceVersion),
      promised: markOf(map.object.metadata),
      begun: markOf(template.metadata),
    }
  },
  diff({ wanted }, have) {
    const changes = differences(wanted, have.config)
    if (changes.length > 0) {
      const after = settled(wanted, have.text)
      return [
        ...changes,
        { what: 'config.conf', from: '', to: '', text: { before: have.text, after }, disrupts: RESTARTS },
      ]
    }
    if (have.promised === have.begun || have.promised === undefined) return []
    return [{ what: 'pods', from: 'begun with other settings', to: 'restarted', disrupts: RESTARTS }]
  },
  steps(want, have) {
    if (this.diff(want, have).length === 0) return []
    return [{ title: 'configure kube-proxy and restart it', body: script(want, have), timeoutMs: 660_000 }]
  },
  evidence: ({ wanted }) => `mode ${String(wanted.mode)}`,
}

export function kubeProxyConfig(want: KubeProxyConfigWant, options: ResourceOptions = {}): Resource {
  return resource(kubeProxyConfigType, want, { title: 'kube-proxy configuration', ...options })
}

interface Annotated {
  readonly annotations?: Readonly<Record<string, string>>
}

function markOf(metadata: unknown): string | undefined {
  return (metadata as Annotated | undefined)?.annotations?.[MARK]
}

/** The text with our fields in it; a comment, an order, a field of somebody else's stays. */
function settled(wanted: Readonly<Record<string, unknown>>, text: string): string {
  const document = parseDocument(text)
  const put = (path: readonly string[], value: unknown) => {
    if (isRecord(value) && isMap(document.getIn(path))) {
      for (const [key, inner] of Object.entries(value)) put([...path, key], inner)
    } else document.setIn(path, value)
  }
  for (const [key, value] of Object.entries(wanted)) put([key], value)
  const after = document.toString({ lineWidth: 0 })
  return text.endsWith('\n') ? after : after.trimEnd()
}

/** Written first, then the pods begin anew: cut off in between, the mark says that they have not. */
function script({ wanted }: KubeProxyConfigWant, { text, config, resourceVersion }: Have): string {
  const after = differences(wanted, config).length > 0 ? settled(wanted, text) : text
  const mark = { annotations: { [MARK]: sha256(after) } }
  // Refused by the API server when somebody else has written it in the meantime.
  const map = { metadata: { ...mark, resourceVersion }, data: { 'config.conf': after } }
  const set = { spec: { template: { metadata: mark } } }
  return `${kubectlPrelude(60)}
k -n kube-system patch configmap kube-proxy --type=merge --patch ${quote(JSON.stringify(map))} &&
k -n kube-system patch daemonset kube-proxy --type=merge --patch ${quote(JSON.stringify(set))} &&
k -n kube-system rollout status daemonset/kube-proxy --timeout=600s`
}

/** Differences in what we want; values only the cluster has are left alone. Durations compare by length, not by spelling. */
function differences(wanted: Readonly<Record<string, unknown>>, have: unknown, path = ''): readonly Change[] {
  const held: Readonly<Record<string, unknown>> = isRecord(have) ? have : {}
  return Object.entries(wanted).flatMap(([key, value]) => {
    const name = path === '' ? key : `${path}.${key}`
    if (isRecord(value)) return differences(value, held[key], name)
    if (same(value, held[key])) return []
    return [{ what: name, from: text(held[key]), to: text(value) }]
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
