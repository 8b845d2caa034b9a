import {
  CALICO_NAMESPACE,
  CNI_FOLDER,
  cniConfigProbe,
  cniMtuScript,
  health,
  healthScript,
  isFirst,
  type Node,
  podMtuBounds,
  podsServe,
  probe,
  type Resource,
} from '../src/index.ts'
import { onceApplied } from './network-applied.ts'

const LIMIT_SECONDS = 600

/** Felix makes routes and policies of a node, in Calico and in Canal; it answers on the loopback of its host. */
const FELIX = { port: 9099, path: '/readiness' } as const

interface Network {
  /** Noun for the key, and name of the configuration that its installer writes: `10-calico.conflist`. */
  readonly name: 'calico' | 'canal'
  readonly title: string
  /** The DaemonSet, and value of the label `k8s-app` of its pods. */
  readonly pods: string
  /** What applies it. */
  readonly applied: `manifests:${string}`
}

/** Asked on the node itself: Felix is content, and the runtime has been told of the network, with the MTU that fits. */
export function felixServes(self: Node, { name, title, pods, applied }: Network): Resource {
  const ready = probe(health, FELIX)
  const file = `10-${name}.conflist`
  // Where this run leaves out the first control plane, nothing makes its MTU another.
  const bounds = () =>
    self.membership.network === undefined ? undefined : podMtuBounds(self.inventory.network, self.fitting)
  return podsServe(
    {
      name,
      wanted: `${title} serves this node`,
      probes: [ready, cniConfigProbe],
      holds(answers) {
        const { files, mtu } = answers.get(cniConfigProbe)
        if (!files.includes(file)) return { holds: false, evidence: 'it has not told the runtime anything yet' }
        if (!answers.get(ready)) return { holds: false, evidence: `Felix does not answer on 127.0.0.1:${FELIX.port}` }
        const { least = 0, most = Number.POSITIVE_INFINITY } = bounds() ?? {}
        const fits = mtu === undefined || (mtu >= least && mtu <= most)
        const said = mtu === undefined ? '' : `, MTU ${mtu}`
        return { holds: fits, evidence: `Felix is ready${said}${fits ? '' : `, not ${most}`}` }
      },
      test() {
        const limits = bounds()
        const within = limits
          ? ` && ${cniMtuScript(`${CNI_FOLDER}/${file}`)} && [ "\${mtu:-0}" -ge ${limits.least} ] && [ "\${mtu:-0}" -le ${limits.most} ]`
          : ''
        return `{ [ -f ${CNI_FOLDER}/${file} ] && ${healthScript(FELIX)}${within}; }`
      },
      awaited: `Felix of ${title} on this node, and ${CNI_FOLDER}/${file}`,
      pods: { namespace: CALICO_NAMESPACE, selector: `k8s-app=${pods}`, node: self.name },
      limitSeconds: LIMIT_SECONDS,
      ...(isFirst(self) ? { daemonSet: pods } : {}),
    },
    isFirst(self) ? { after: [applied] } : { after: ['kubeadm:join'], ...onceApplied(self) },
  )
}
