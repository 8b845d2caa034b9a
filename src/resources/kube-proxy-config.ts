import { parse } from 'yaml'
import { sha256 } from '../core/plan.ts'
import { quote } from '../core/quote.ts'
import { type Resource, type ResourceOptions, type ResourceType, resource } from '../core/resource.ts'
import { kubeProbe } from '../facts/kube-object.ts'
import { kubectlPrelude } from '../facts/kubectl.ts'
import { settingsChanges, settledText } from './settings-text.ts'

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
    const changes = settingsChanges(wanted, have.config)
    if (changes.length > 0) {
      const after = settledText(wanted, have.text)
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

/** Written first, then the pods begin anew: cut off in between, the mark says that they have not. */
function script({ wanted }: KubeProxyConfigWant, { text, config, resourceVersion }: Have): string {
  const after = settingsChanges(wanted, config).length > 0 ? settledText(wanted, text) : text
  const mark = { annotations: { [MARK]: sha256(after) } }
  // Refused by the API server when somebody else has written it in the meantime.
  const map = { metadata: { ...mark, resourceVersion }, data: { 'config.conf': after } }
  const set = { spec: { template: { metadata: mark } } }
  return `${kubectlPrelude(60)}
k -n kube-system patch configmap kube-proxy --type=merge --patch ${quote(JSON.stringify(map))} &&
k -n kube-system patch daemonset kube-proxy --type=merge --patch ${quote(JSON.stringify(set))} &&
k -n kube-system rollout status daemonset/kube-proxy --timeout=600s`
}
