import {
  command,
  condition,
  controlPlaneImages,
  type Deferred,
  type KubeObject,
  kubeadmUpgradeCommand,
  kubectlPrelude,
  kubeProbe,
  type Node,
  nodeOf,
  type Resource,
  releasesOf,
  unlessProbe,
  WITH_OUR_PATH,
  waitUntil,
} from '../src/index.ts'

const READY_SECONDS = 600
/** Says for which version the kubelet's settings were written: nothing in them tells. */
const SETTINGS_STAMP = '/var/lib/provision/stamps/kubelet-settings'

/** Why nothing need be done to a node: its kubelet, the last thing to change, has the inventory's version. */
export function hasVersion({ inventory }: Node): (node: KubeObject) => string | undefined {
  const wanted = `v${inventory.kubernetes.version}`
  return (node) => (nodeOf(node).kubeletVersion === wanted ? `its kubelet is ${wanted}` : undefined)
}

/** On a worker: what the cluster wants of its kubelets now, and this node's own settings over it. */
export function kubeletSettings(node: Node, config: string): Resource {
  const wanted = `v${node.inventory.kubernetes.version}`
  const own = kubeProbe('v1', 'Node', node.name)
  const stamped = unlessProbe(`[ "$(cat ${SETTINGS_STAMP})" = ${wanted} ]`)
  return command(
    {
      name: `kubeadm upgrade node to ${wanted}`,
      probes: [own, stamped],
      holds(answers) {
        const seen = answers.get(own)
        if (answers.get(stamped)) return `written for ${wanted}`
        return seen.state === 'present' ? hasVersion(node)(seen.object) : undefined
      },
      run: `${WITH_OUR_PATH}
${kubeadmUpgradeCommand('node', config)} || exit 1
mkdir -p ${SETTINGS_STAMP.replace(/\/[^/]*$/, '')} && printf '%s\\n' ${wanted} >${SETTINGS_STAMP}`,
      timeoutMs: 600_000,
    },
    { title: 'settings of the kubelet', after: ['file:/usr/local/bin/kubeadm'] },
  )
}

/** The node says itself that it runs the new version and is Ready. */
export function kubeletFollows(self: Node, gives: Deferred<boolean> | undefined): Resource {
  const wanted = `v${self.inventory.kubernetes.version}`
  const node = kubeProbe('v1', 'Node', self.name)
  const path = '{.status.nodeInfo.kubeletVersion}/{.status.conditions[?(@.type=="Ready")].status}'
  return condition(
    {
      name: `kubelet-${self.name}`,
      wanted: `node ${self.name} is Ready with kubelet ${wanted}`,
      probes: [node],
      holds(answers) {
        const seen = answers.get(node)
        if (seen.state !== 'present') return { holds: false, evidence: 'its Node cannot be read' }
        const { kubeletVersion, ready, message } = nodeOf(seen.object)
        const evidence = `kubelet ${kubeletVersion}, ${ready ? 'Ready' : message}`
        return { holds: ready && kubeletVersion === wanted, evidence }
      },
      wait: `${kubectlPrelude(10)}
${waitUntil(
  `[ "$(k get node ${self.name} -o 'jsonpath=${path}' 2>/dev/null)" = ${wanted}/True ]`,
  READY_SECONDS,
  `node ${self.name} Ready with kubelet ${wanted}; see journalctl -u kubelet there`,
)}`,
      timeoutMs: (READY_SECONDS + 60) * 1000,
    },
    { after: ['unit:kubelet.service'], ...(gives ? { gives } : {}) },
  )
}

/** kube-proxy and CoreDNS, in the versions that belong to the cluster's. */
export function addonsFollow({ inventory }: Node, config: string): readonly Resource[] {
  const images = controlPlaneImages(releasesOf(inventory))
  const objects = [
    ...(inventory.kubernetes.kubeProxy.mode === 'none'
      ? []
      : [{ probe: kubeProbe('apps/v1', 'DaemonSet', 'kube-system/kube-proxy'), image: images['kube-proxy'] }]),
    { probe: kubeProbe('apps/v1', 'Deployment', 'kube-system/coredns'), image: images.coredns },
  ]
  return [
    command(
      {
        name: 'kubeadm upgrade apply, for kube-proxy and CoreDNS',
        probes: objects.map(({ probe }) => probe),
        holds(answers) {
          const behind = objects.some(({ probe, image }) => {
            const seen = answers.get(probe)
            return seen.state === 'present' && !JSON.stringify(seen.object.spec).includes(JSON.stringify(image))
          })
          return behind ? undefined : objects.map(({ image }) => image.replace(/^.*\//, '')).join(', ')
        },
        run: `${WITH_OUR_PATH}
${kubeadmUpgradeCommand('apply', config)}`,
        timeoutMs: 1_200_000,
      },
      { title: 'kube-proxy and CoreDNS', after: ['kubeadm:upgrade'] },
    ),
  ]
}
