import type { Change } from '../core/change.ts'
import type { Unknown } from '../core/decision.ts'
import type { Answers, AnyProbe } from '../core/fact.ts'
import { quote } from '../core/quote.ts'
import { type Resource, type ResourceOptions, type ResourceType, resource } from '../core/resource.ts'
import type { Step } from '../core/step.ts'
import type { Value } from '../core/value.ts'
import { kubeadmFilesProbe, LATE_OBJECTS } from '../facts/kube-api.ts'
import { ADMIN_CONF, kubectlPrelude, WITH_OUR_PATH } from '../facts/kubectl.ts'
import { waitUntil } from './condition.ts'
import { KEEP_FILES, tornAuthority, tornFiles } from './torn-files.ts'

export interface KubeadmInitWant {
  /** Path of the kubeadm configuration on the host. */
  readonly config: string
  /** Kubernetes version, `1.36.3`. */
  readonly version: string
  /** Preflight errors that the operator accepted by name, e.g. `NumCPU`. Never `all`. */
  readonly ignorePreflightErrors: readonly string[]
  readonly timeoutMs: number
  /** The cluster's other control planes. They matter only where a cluster would be made here. */
  readonly others?: {
    /** Those that are in a cluster already. */
    readonly inCluster: Value<readonly string[]>
    /** Those this run does not look at. */
    readonly unseen: readonly string[]
  }
  /** With `kubeProxy: none` there is no such DaemonSet to wait for. */
  readonly withKubeProxy: boolean
}

/** How far kubeadm has come on this host. */
interface Bootstrap {
  /** Its files that are there. */
  readonly files: readonly string[]
  readonly api: 'none' | 'down' | 'up'
  /** Why the API server does not answer. */
  readonly reason: string
  /** Objects of its late phases that are not there. */
  readonly missing: readonly string[]
}

/** Checks that only say "somebody has begun here already", which is what going on after a half-done init means. */
export const BEGUN = [
  'FileAvailable--etc-kubernetes-manifests-kube-apiserver.yaml',
  'FileAvailable--etc-kubernetes-manifests-kube-controller-manager.yaml',
  'FileAvailable--etc-kubernetes-manifests-kube-scheduler.yaml',
  'FileAvailable--etc-kubernetes-manifests-etcd.yaml',
  'DirAvailable--var-lib-etcd',
  'Port-6443',
  'Port-10259',
  'Port-10257',
  'Port-10250',
  'Port-2379',
  'Port-2380',
]

/** What kubeadm writes itself, and what kubelet, containerd and the static pods write from then on. */
export const KUBEADM_FOLDERS = [
  '/etc/kubernetes',
  '/var/lib/etcd',
  '/var/lib/kubelet',
  '/var/lib/containerd',
  '/run/containerd',
  '/var/log/pods',
  '/var/log/containers',
  '/usr/libexec/kubernetes',
  '/var/lib/cni',
  '/run/netns',
]

/**
 * The first control plane. Done means that the API server answers and the objects of kubeadm's last phases exist: no
 * marker file. A half-done init is gone on with, not reset: every phase can be run again, and etcd keeps its data.
 */
const kubeadmInitType: ResourceType<KubeadmInitWant, Bootstrap> = {
  name: 'kubeadm-init',
  key: () => 'kubeadm:init',
  paths: () => KUBEADM_FOLDERS,
  probes: (want): readonly AnyProbe[] => [kubeadmFilesProbe, ...lateObjects(want).map(({ probe }) => probe)],
  // Its API server may come up between look and act: the step waits for it and looks by itself.
  guards: (): readonly AnyProbe[] => [kubeadmFilesProbe],
  observe: look,
  diff(want, have): readonly Change[] {
    if (isComplete(have)) return []
    const to = `Kubernetes ${want.version}, first control plane`
    if (have.files.length === 0) return [{ what: 'cluster', from: 'absent', to }]
    if (have.api === 'down') {
      return [{ what: 'API server', from: `not answering (${have.reason || 'no reason given'})`, to: 'answering' }]
    }
    return [{ what: 'cluster', from: 'half done', to }]
  },
  steps(want, have): readonly Step[] {
    return isComplete(have) ? [] : [{ title: initTitle(have), body: initScript(want), timeoutMs: want.timeoutMs }]
  },
  evidence: (want) => `API server answers; Kubernetes ${want.version}`,
}

export function kubeadmInit(want: KubeadmInitWant, options: ResourceOptions = {}): Resource {
  const until = want.others ? { until: want.others.inCluster } : {}
  return resource(kubeadmInitType, want, { title: 'control plane', ...until, ...options })
}

function lateObjects({ withKubeProxy }: KubeadmInitWant) {
  return LATE_OBJECTS.filter(({ name }) => withKubeProxy || name !== 'daemonset/kube-proxy')
}

function look(want: KubeadmInitWant, answers: Answers): Bootstrap | Unknown {
  const files = answers.get(kubeadmFilesProbe)
  // A kubelet's file is left over from anything; what makes a control plane is not.
  const isOne = files.some((path) => path.startsWith('/etc/kubernetes/'))
  const second = isOne ? undefined : secondCluster(want)
  if (second !== undefined) return { unknown: second }
  const objects = lateObjects(want).map(({ probe, name }) => ({ name, seen: answers.get(probe) }))
  const down = objects.flatMap(({ seen }) => (seen.state === 'down' ? [seen.reason] : []))
  const none = objects.every(({ seen }) => seen.state === 'none')
  return {
    files,
    api: none ? 'none' : down.length > 0 ? 'down' : 'up',
    reason: down[0] ?? '',
    missing: objects.filter(({ seen }) => seen.state !== 'present').map(({ name }) => name),
  }
}

/** Why no cluster may be made here, if so: a host that was installed anew is not the first of a new one. */
function secondCluster({ others }: KubeadmInitWant): string | undefined {
  if (!others) return undefined
  if (others.unseen.length > 0) {
    return `whether ${others.unseen.join(', ')} is in a cluster already is not known: visit all control planes in the run that makes it`
  }
  const { known, error } = others.inCluster
  const there = known && error === undefined ? others.inCluster.get() : []
  if (there.length === 0) return undefined
  const names = there.join(', ')
  return `${names} is in a cluster already, and this host would make a second one: name ${names} before it in the inventory, then it joins`
}

function isComplete({ api, missing }: Bootstrap): boolean {
  return api === 'up' && missing.length === 0
}

function initTitle({ files, api }: Bootstrap): string {
  if (files.length === 0) return 'kubeadm init'
  return api === 'down' ? 'wait for the API server, or go on with kubeadm init' : 'go on with kubeadm init'
}

/** How long a control plane that is there may take to come up, e.g. after a reboot. */
const COME_UP_SECONDS = 240

function initScript(want: KubeadmInitWant): string {
  const { config, ignorePreflightErrors } = want
  const late = lateObjects(want).map(({ name }) => name)
  return `${WITH_OUR_PATH}
${kubectlPrelude(5)}
ready() { [ "$(k get --raw /readyz 2>/dev/null)" = ok ]; }
complete() { ready && [ "$(k -n kube-system get --ignore-not-found -o name ${late.join(' ')} 2>/dev/null | wc -l)" -eq ${late.length} ]; }
ignored=${quote(ignorePreflightErrors.join(','))}
${tornFiles()}
${tornAuthority()}
if [ -e /etc/kubernetes/manifests/kube-apiserver.yaml ]; then
  printf 'a control plane is here already: waiting for its API server\\n'
  tries=0
  until ready || [ -n "$(torn)" ] || [ "$tries" -ge ${COME_UP_SECONDS} ]; do tries=$((tries + 1)); sleep 1; done
  if complete; then exit 0; fi
  printf 'it is not complete: going on with kubeadm init\\n'
  ignored=${quote([...ignorePreflightErrors, ...BEGUN].join(','))}
fi
mend_torn_first || exit
kubeadm init --skip-token-print --config ${quote(config)} --ignore-preflight-errors="$ignored" || exit
${KEEP_FILES}
# kubeadm asks the API server beside it. Everybody else, from now on, asks at the cluster's endpoint, which may come up later.
conf=${ADMIN_CONF}
${waitUntil('complete', COME_UP_SECONDS, "kubeadm's objects, asked for at the server /etc/kubernetes/admin.conf names")}`
}
