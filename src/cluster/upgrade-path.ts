import { KUBERNETES_VERSIONS } from '../catalog/releases.ts'
import type { Judgement } from './requirements/rule.ts'
import { compareVersions, type Version, versionOf } from './version.ts'

/** What runs now. */
export interface Running {
  /** Of the control plane, by kubeadm's record: `v1.35.4`. */
  readonly cluster: string
  /** Of every kubelet, by name of its node. */
  readonly kubelets: ReadonlyMap<string, string>
}

/** A kubelet may be this many minor versions older than its API server. https://kubernetes.io/releases/version-skew-policy/ */
const KUBELET_SKEW = 3

/**
 * Whether a cluster may go to `wanted` (`1.36.3`) in one go: one minor version at a time, never back, and no kubelet is newer
 * than the API server or too old for it.
 */
export function judgePath({ cluster, kubelets }: Running, wanted: string): Judgement {
  const target = versionOf(wanted)
  const now = versionOf(cluster)
  if (!target || !now) return refused(`the cluster says it is ${cluster}`, 'a version', 'look at it by hand')
  const threshold = 'one minor version at a time, never back'
  if (compareVersions(now, target) > 0) {
    return refused(
      `the cluster runs ${cluster}, newer than ${wanted}`,
      threshold,
      `Kubernetes cannot go back: write version: "${cluster.slice(1)}", or a newer one`,
    )
  }
  if (target.major !== now.major || target.minor > now.minor + 1) {
    return refused(`the cluster runs ${cluster}; ${wanted} is ${further(now, target)}`, threshold, firstGo(now))
  }
  for (const [node, text] of kubelets) {
    const kubelet = versionOf(text)
    if (!kubelet) continue
    if (compareVersions(kubelet, target) > 0) {
      return refused(
        `the kubelet of ${node} is ${text}, newer than ${wanted}`,
        'no kubelet newer than the API server',
        `write version: "${text.slice(1)}", or a newer one`,
      )
    }
    if (kubelet.minor < target.minor - KUBELET_SKEW) {
      return refused(
        `the kubelet of ${node} is ${text}`,
        `at most ${KUBELET_SKEW} minor versions older than ${wanted}`,
        `bring ${node} to ${cluster} first`,
      )
    }
  }
  return { met: true, severity: 'required', evidence: `${describe(cluster, kubelets)} → ${wanted}`, threshold }
}

function further(now: Version, target: Version): string {
  return target.major === now.major ? `${target.minor - now.minor} minor versions further` : 'another major version'
}

function refused(evidence: string, threshold: string, fix: string): Judgement {
  return { met: false, severity: 'required', evidence, threshold, fix }
}

/** The newest patch we know of the next minor version. */
function firstGo({ major, minor }: Version): string {
  const next = KUBERNETES_VERSIONS.find((text) => text.startsWith(`${major}.${minor + 1}.`))
  if (next !== undefined) return `first go to ${next}: write version: "${next}", upgrade, then come back`
  return `go to ${major}.${minor + 1} first, with a release of provision that installs it`
}

function describe(cluster: string, kubelets: ReadonlyMap<string, string>): string {
  const behind = [...kubelets].filter(([, version]) => version !== cluster)
  if (behind.length === 0) return cluster
  return `${cluster} (kubelets: ${behind.map(([node, version]) => `${node} ${version}`).join(', ')})`
}

/** For `up`, which never changes the version of what runs. */
export function judgeVersion(running: string, wanted: string, file: string): Judgement {
  const threshold = `Kubernetes ${wanted}, as the inventory says`
  if (running === `v${wanted}`) return { met: true, severity: 'required', evidence: running, threshold }
  const target = versionOf(wanted)
  const now = versionOf(running)
  const newer = target && now && compareVersions(now, target) > 0
  const fix = newer
    ? `Kubernetes cannot go back: write version: "${running.slice(1)}"`
    : `provision upgrade ${file}, which goes node by node; or write version: "${running.slice(1)}"`
  return refused(`this node runs ${running}; up does not change the version of a cluster that runs`, threshold, fix)
}
