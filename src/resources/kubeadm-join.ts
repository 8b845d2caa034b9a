import type { Unknown } from '../core/decision.ts'
import type { Answers, AnyProbe } from '../core/fact.ts'
import { quote } from '../core/quote.ts'
import { type Key, type Resource, type ResourceOptions, type ResourceType, resource } from '../core/resource.ts'
import type { Step } from '../core/step.ts'
import type { Value } from '../core/value.ts'
import { kubeadmFilesProbe } from '../facts/kube-api.ts'
import { isMember, nodeProbe } from '../facts/kube-node.ts'
import { WITH_OUR_PATH } from '../facts/kubectl.ts'
import { kubeletServerProbe } from '../facts/kubelet-server.ts'
import { blobOf } from './blob.ts'
import { BEGUN, KUBEADM_FOLDERS } from './kubeadm-init.ts'
import { KEEP_FILES, tornFiles } from './torn-files.ts'

export interface KubeadmJoinWant {
  readonly node: string
  readonly controlPlane: boolean
  /** `HOST:PORT` of the API server, as all nodes know it. */
  readonly endpoint: string
  /** `HOST:PORT` of a control plane's own API server, which its kubelet keeps to. */
  readonly ownEndpoint?: string
  /** The host that hands out the right to join. */
  readonly first: string
  /** kubeadm's configuration with the token in it; nothing where the cluster counts this node as its own already. */
  readonly file: Value<string | undefined>
  /** Preflight errors that the operator accepted by name. Never `all`. */
  readonly ignorePreflightErrors: readonly string[]
  readonly timeoutMs: number
}

interface Joining {
  readonly files: readonly string[]
  readonly complete: boolean
}

/** The first is written by the kubelet, once it has credentials of its own. */
const WORKER_FILES = ['/etc/kubernetes/kubelet.conf', '/var/lib/kubelet/config.yaml']
const CONTROL_PLANE_FILES = [
  ...WORKER_FILES,
  '/etc/kubernetes/admin.conf',
  '/etc/kubernetes/manifests/kube-apiserver.yaml',
  '/etc/kubernetes/manifests/etcd.yaml',
]

/** Checks that only say "somebody has begun here already". */
const JOIN_BEGUN = [
  ...BEGUN,
  'DirAvailable--etc-kubernetes-manifests',
  'FileAvailable--etc-kubernetes-kubelet.conf',
  'FileAvailable--etc-kubernetes-bootstrap-kubelet.conf',
  'FileAvailable--etc-kubernetes-pki-ca.crt',
]

/**
 * A further node of a cluster. Done means that the kubelet has its own credentials for this very cluster, and of a control
 * plane that the cluster calls it one. A join that was cut off is gone on with.
 */
const kubeadmJoinType: ResourceType<KubeadmJoinWant, Joining> = {
  name: 'kubeadm-join',
  key: (): Key => 'kubeadm:join',
  paths: () => KUBEADM_FOLDERS,
  probes: ({ node, controlPlane }): readonly AnyProbe[] => [
    kubeadmFilesProbe,
    kubeletServerProbe,
    ...(controlPlane ? [nodeProbe(node)] : []),
  ],
  guards: () => [kubeadmFilesProbe, kubeletServerProbe],
  observe: look,
  diff: ({ endpoint, controlPlane }, { complete, files }) => {
    if (complete) return []
    const to = `${controlPlane ? 'control plane' : 'worker'} of ${endpoint}`
    return [{ what: 'node', from: files.length === 0 ? 'in no cluster' : 'half joined', to }]
  },
  steps: (want, have) => (have.complete ? [] : [joinStep(want, have)]),
  evidence: ({ endpoint }) => `in the cluster of ${endpoint}`,
}

export function kubeadmJoin(want: KubeadmJoinWant, options: ResourceOptions = {}): Resource {
  return resource(kubeadmJoinType, want, { title: 'membership', until: want.file, ...options })
}

function look(want: KubeadmJoinWant, answers: Answers): Joining | Unknown {
  const files = answers.get(kubeadmFilesProbe)
  const server = answers.get(kubeletServerProbe)
  const ours = [want.endpoint, want.ownEndpoint].map((endpoint) => `https://${endpoint}`)
  if (server !== undefined && !ours.includes(server)) {
    return { unknown: `this machine is in another cluster, that of ${server}`, final: true }
  }
  const needed = want.controlPlane ? CONTROL_PLANE_FILES : WORKER_FILES
  const complete =
    needed.every((path) => files.includes(path)) &&
    (!want.controlPlane || isMember({ name: want.node, controlPlane: true }, answers))
  if (!complete && want.file.known && want.file.error === undefined && want.file.get() === undefined) {
    return { unknown: strayReason(want) }
  }
  return { files, complete }
}

function strayReason({ node, first, controlPlane }: KubeadmJoinWant): string {
  // Of a control plane etcd knows as well.
  const remove = controlPlane ? `provision remove INVENTORY ${node} --dead` : `on ${first}: kubectl delete node ${node}`
  return (
    `the cluster has a node ${node}, and this machine is not it (installed anew?). If the old one is gone for good, ` +
    `${remove}, and run the same command again`
  )
}

function joinStep({ file, timeoutMs, controlPlane, ignorePreflightErrors }: KubeadmJoinWant, { files }: Joining): Step {
  const blob = blobOf('kubeadm join configuration', file.get() ?? '', true)
  const begun = [...ignorePreflightErrors, ...JOIN_BEGUN]
  // The kubelet has its credentials and may be Ready: kubeadm would take that for another machine of this name.
  const isWhole = WORKER_FILES.map((path) => `[ -s ${path} ]`).join(' && ')
  const skip = WORKER_FILES.every((path) => files.includes(path))
    ? `if ${isWhole}; then set -- --skip-phases=kubelet-start; fi`
    : ''
  return {
    title: files.length > 0 ? 'go on with kubeadm join' : 'kubeadm join',
    blobs: [blob],
    body: `${WITH_OUR_PATH}
config=$(blob ${blob.sha256})
join() { kubeadm join --config "$config" "$@" && ${KEEP_FILES}; }
${files.length > 0 ? `${tornFiles()}\nmend_torn\n` : ''}set --
${skip}
join${ignoring(files.length > 0 ? begun : ignorePreflightErrors)} "$@" && exit
code=$?
${controlPlane ? goOn(begun) : ''}
exit $code`,
    timeoutMs,
  }
}

function ignoring(checks: readonly string[]): string {
  return checks.length > 0 ? ` --ignore-preflight-errors=${quote(checks.join(','))}` : ''
}

/**
 * Between the start of the kubelet and its first certificate kubeadm adds the etcd member, and asks etcd for the list of its
 * members once, with two seconds of patience (kubeadm 1.36, util/etcd: `listMembers` gives up at the first error). On a busy
 * machine that ends a join with which nothing is wrong; every phase of it can be run again.
 */
function goOn(begun: readonly string[]): string {
  return `for try in 2 3; do
  [ -e /etc/kubernetes/bootstrap-kubelet.conf ] || break
  printf 'kubeadm ended while the etcd member joined: going on (%s of 3)\\n' $try
  join${ignoring(begun)} && exit
  code=$?
done`
}
