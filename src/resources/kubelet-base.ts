import { parse } from 'yaml'
import { quote } from '../core/quote.ts'
import { type Resource, type ResourceOptions, type ResourceType, resource } from '../core/resource.ts'
import { kubeProbe } from '../facts/kube-object.ts'
import { kubectlPrelude } from '../facts/kubectl.ts'
import type { KubeletSettingsWant } from './kubelet-settings.ts'
import { settingsChanges, settledText } from './settings-text.ts'

interface Have {
  readonly text: string
  readonly config: unknown
  readonly resourceVersion: string
}

const NAME = 'kubelet-config'
const live = kubeProbe('v1', 'ConfigMap', `kube-system/${NAME}`)

/**
 * What the cluster gives a kubelet that joins or is upgraded: kubeadm uploads the settings of the first control plane when it
 * makes the cluster, and reads them then. Nobody is restarted for it.
 */
const kubeletBaseType: ResourceType<KubeletSettingsWant, Have> = {
  name: 'kubelet-base',
  key: () => 'kubelet:base',
  paths: () => [],
  probes: () => [live],
  observe(_want, answers) {
    const map = answers.get(live)
    if (map.state === 'down') return { unknown: `the API server does not answer: ${map.reason}` }
    if (map.state !== 'present') return { unknown: `the cluster has no ConfigMap kube-system/${NAME} yet` }
    const data = map.object.data as Readonly<Record<string, string>> | undefined
    const text = data?.kubelet ?? ''
    return { text, config: parse(text), resourceVersion: String(map.object.metadata.resourceVersion) }
  },
  diff({ wanted }, { text, config }) {
    const changes = settingsChanges(wanted, config)
    if (changes.length === 0) return []
    return [...changes, { what: 'kubelet', from: '', to: '', text: { before: text, after: settledText(wanted, text) } }]
  },
  steps(want, have) {
    if (this.diff(want, have).length === 0) return []
    // Refused by the API server when somebody else has written it in the meantime.
    const metadata = { resourceVersion: have.resourceVersion }
    const patch = JSON.stringify({ metadata, data: { kubelet: settledText(want.wanted, have.text) } })
    return [
      {
        title: `write ConfigMap ${NAME}`,
        body: `${kubectlPrelude(60)}
k -n kube-system patch configmap ${NAME} --type=merge --patch ${quote(patch)}`,
      },
    ]
  },
  evidence: ({ wanted }) => `maxPods ${String(wanted.maxPods)}`,
}

export function kubeletBase(want: KubeletSettingsWant, options: ResourceOptions = {}): Resource {
  return resource(kubeletBaseType, want, { title: 'kubelet settings of nodes that join', ...options })
}
