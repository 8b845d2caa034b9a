import type { Change } from '../core/change.ts'
import type { Unknown } from '../core/decision.ts'
import type { Answers } from '../core/fact.ts'
import { type Key, type Resource, type ResourceOptions, type ResourceType, resource } from '../core/resource.ts'
import { clusterConfigurationProbe, clusterVersionOf } from '../facts/cluster-configuration.ts'
import { controlPlaneImagesProbe } from '../facts/control-plane-images.ts'
import { feed, WITH_OUR_PATH } from '../facts/kubectl.ts'
import { KUBEADM_FOLDERS } from './kubeadm-init.ts'

export interface KubeadmUpgradeWant {
  /** `1.36.3`. */
  readonly version: string
  /** Tags its static pods are to have, by name of the image. */
  readonly tags: Readonly<Record<string, string>>
  /** `apply` on the first control plane, which takes the cluster's own objects along; `node` on the others. */
  readonly how: 'apply' | 'node'
  /** kubeadm's UpgradeConfiguration, as text. */
  readonly config: string
  readonly timeoutMs: number
}

interface Upgrading {
  /** Tags of the static pods that are there. */
  readonly tags: ReadonlyMap<string, string>
  /** Version of the cluster by kubeadm's record. */
  readonly cluster: string
}

/**
 * The static pods of one control plane, and kubeadm's record of the cluster: done when both say so. kubeadm replaces one
 * program after the other, waits for each, and puts the old one back where the new one does not come up; run again it goes on.
 */
const kubeadmUpgradeType: ResourceType<KubeadmUpgradeWant, Upgrading> = {
  name: 'kubeadm-upgrade',
  key: (): Key => 'kubeadm:upgrade',
  paths: () => KUBEADM_FOLDERS,
  probes: () => [controlPlaneImagesProbe, clusterConfigurationProbe],
  guards: () => [controlPlaneImagesProbe],
  observe: look,
  diff: differences,
  steps: (want, have) =>
    differences(want, have).length === 0
      ? []
      : [{ title: `kubeadm upgrade ${want.how}`, body: script(want), timeoutMs: want.timeoutMs }],
  evidence: ({ version }) => `runs ${version}`,
}

export function kubeadmUpgrade(want: KubeadmUpgradeWant, options: ResourceOptions = {}): Resource {
  return resource(kubeadmUpgradeType, want, { title: 'control plane', ...options })
}

function look(_want: KubeadmUpgradeWant, answers: Answers): Upgrading | Unknown {
  const tags = answers.get(controlPlaneImagesProbe)
  if (tags.size === 0) return { unknown: 'there is no control plane on this host', final: true }
  const seen = answers.get(clusterConfigurationProbe)
  if (seen.state === 'down') return { unknown: `the API server does not answer: ${seen.reason}` }
  return { tags, cluster: clusterVersionOf(seen) ?? 'unknown' }
}

function differences({ version, tags, how }: KubeadmUpgradeWant, have: Upgrading): readonly Change[] {
  const pods = Object.entries(tags)
    .filter(([name, tag]) => have.tags.get(name) !== tag)
    .map(([name, tag]) => ({
      what: name,
      from: have.tags.get(name) ?? 'absent',
      to: tag,
      disrupts: `restarts ${name} of this host`,
    }))
  if (how === 'node' || have.cluster === `v${version}`) return pods
  return [{ what: 'cluster', from: have.cluster, to: `v${version}` }, ...pods]
}

/** kubeadm asks the API server again and again while it restarts; its output says how far it is. */
function script({ how, config }: KubeadmUpgradeWant): string {
  return `${WITH_OUR_PATH}
${kubeadmUpgradeCommand(how, config)}`
}

/** Shell: `config` is the text of an UpgradeConfiguration; no file of it is left. */
export function kubeadmUpgradeCommand(how: KubeadmUpgradeWant['how'], config: string): string {
  return `${feed(config)} kubeadm upgrade ${how}${how === 'apply' ? ' --yes' : ''} --config /dev/stdin`
}
