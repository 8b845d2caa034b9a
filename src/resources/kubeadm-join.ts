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

const WORKER_FILES = ['/etc/kubernetes/kubelet.conf', '/var/lib/kubelet/config.yaml']
const CONTROL_PLANE_FILES = [
  ...WORKER_FILES,
  '/etc/kubernetes/admin.conf',
  '/etc/kubernetes/manifests/kube-apiserver.yaml',
  '/etc/kubernetes/manifests/etcd.yaml',
]

/** Checks that only say "somebody has begun here already". */
const JOIN_BEGUN = [...BEGUN, 'FileAvailable--etc-kubernetes-kubelet.conf', 'FileAvailable--etc-kubernetes-pki-ca.crt']

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

function strayReason({ node, first }: KubeadmJoinWant): string {
  return (
    `the cluster has a node ${node}, and this machine is not it (installed anew?). If the old one is gone for good, ` +
    `on ${first}: kubectl delete node ${node}, and run the same command again`
  )
}

function joinStep({ file, timeoutMs, ignorePreflightErrors }: KubeadmJoinWant, { files }: Joining): Step {
  const blob = blobOf('kubeadm join configuration', file.get() ?? '', true)
  const ignored = [...ignorePreflightErrors, ...(files.length > 0 ? JOIN_BEGUN : [])]
  const ignore = ignored.length > 0 ? ` --ignore-preflight-errors=${quote(ignored.join(','))}` : ''
  return {
    title: files.length > 0 ? 'go on with kubeadm join' : 'kubeadm join',
    blobs: [blob],
    body: `${WITH_OUR_PATH}
config=$(blob ${blob.sha256})
exec kubeadm join --config "$config"${ignore}`,
    timeoutMs,
  }
}
