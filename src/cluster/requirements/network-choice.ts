import type { Answers } from '../../core/fact.ts'
import type { Resource } from '../../core/resource.ts'
import { cniConfigProbe } from '../../facts/cni-config.ts'
import { kubeProbe } from '../../facts/kube-object.ts'
import type { Network } from '../../inventory/inventory.ts'
import { isFirst, type Node } from '../node.ts'
import { fromRule, type Judgement, undecided } from './rule.ts'

type Cni = Network['cni']

/** Calico under its operator: another place, other objects; not ours to go on with. */
const OPERATED = "Calico of Tigera's operator"

type Seen = Cni | typeof OPERATED

/** What each network is known by in a cluster, whoever set it up. */
const DAEMON_SETS: readonly (readonly [Seen, ReturnType<typeof kubeProbe>])[] = [
  ['flannel', kubeProbe('apps/v1', 'DaemonSet', 'kube-flannel/kube-flannel-ds')],
  ['calico', kubeProbe('apps/v1', 'DaemonSet', 'kube-system/calico-node')],
  [OPERATED, kubeProbe('apps/v1', 'DaemonSet', 'calico-system/calico-node')],
  ['canal', kubeProbe('apps/v1', 'DaemonSet', 'kube-system/canal')],
  ['cilium', kubeProbe('apps/v1', 'DaemonSet', 'kube-system/cilium')],
]

const KUBE_PROXY = kubeProbe('apps/v1', 'DaemonSet', 'kube-system/kube-proxy')

/** And on a node, by the configuration its installer writes. */
const FILES: Readonly<Record<string, Cni>> = {
  '10-flannel.conflist': 'flannel',
  '10-calico.conflist': 'calico',
  '10-canal.conflist': 'canal',
  '05-cilium.conflist': 'cilium',
}

/**
 * A cluster has one network, and keeps it: two would both give out addresses and write rules. Told before anything is changed.
 * Cannot be accepted. Every node is asked for its own configuration, the first control plane for the living objects as well.
 */
export function networkChoice(node: Node): Resource {
  const { network, kubernetes, file } = node.inventory
  const probes = isFirst(node) ? [...DAEMON_SETS.map(([, probe]) => probe), KUBE_PROXY] : []
  const judge = (answers: Answers): Judgement => {
    const base = { severity: 'required', threshold: `one network: ${network.cni}` } as const
    const living = networksSeen(answers, isFirst(node))
    const others = living.filter((name) => name !== network.cni)
    if (others.length > 0) return { ...base, met: false, ...switching(others, network.cni, file) }
    const proxy = isFirst(node) && kubernetes.kubeProxy.mode === 'none' && answers.get(KUBE_PROXY).state === 'present'
    if (proxy) return { ...base, met: false, ...proxyThere(file) }
    const silent = living.length === 0 ? down(answers, isFirst(node)) : undefined
    if (silent !== undefined)
      return undecided(`the API server does not answer: ${silent}`, base.threshold, 'run this again once it answers')
    return { ...base, met: true, evidence: living.length === 0 ? 'none yet' : `${network.cni} is there` }
  }
  return fromRule({ id: 'network-choice', probes: [cniConfigProbe, ...probes], judge }, {})
}

/** Why nobody can say what the cluster has. */
function down(answers: Answers, first: boolean): string | undefined {
  const seen = first ? DAEMON_SETS.map(([, probe]) => answers.get(probe)) : []
  return seen.flatMap((one) => (one.state === 'down' ? [one.reason] : []))[0]
}

function networksSeen(answers: Answers, first: boolean): readonly Seen[] {
  const onNode = answers.get(cniConfigProbe).files.flatMap((file) => FILES[file] ?? [])
  const inCluster = first
    ? DAEMON_SETS.flatMap(([name, probe]) => (answers.get(probe).state === 'present' ? [name] : []))
    : []
  return [...new Set([...inCluster, ...onNode])]
}

function switching(others: readonly Seen[], wanted: Cni, file: string) {
  const keep =
    others[0] === OPERATED
      ? 'leave this cluster to its operator: provision would install a second one beside it'
      : `write network: {cni: ${others[0]}}`
  return {
    evidence: `${others.join(' and ')} is there already, and network.cni is ${wanted}`,
    fix: `${keep}. To change the network: make a second cluster with ${wanted} and move the workloads; or, with an hour in which no pod can be reached, take ${others[0]} away and start anew (provision etcd snapshot ${file}, provision reset ${file}, provision up ${file}, then the workloads again): nodes with two networks lose packets of both`,
  }
}

function proxyThere(file: string) {
  return {
    evidence: 'kube-proxy is there, and kubeProxy.mode is none',
    fix: `keep kubeProxy.mode as it is in this cluster. To let Cilium take its place: kubectl -n kube-system delete daemonset/kube-proxy configmap/kube-proxy, then provision up ${file}, then restart the nodes one by one, which takes kube-proxy's rules away`,
  }
}
