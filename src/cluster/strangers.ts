import type { Answers } from '../core/fact.ts'
import type { Finding } from '../core/finding.ts'
import { requirement } from '../core/requirement.ts'
import type { Resource } from '../core/resource.ts'
import { gatewayRoutesProbe } from '../facts/gateway-routes.ts'
import { nodeOf, nodeProbe } from '../facts/kube-node.ts'
import { type KubeNodes, kubeNodesProbe } from '../facts/kube-nodes.ts'
import type { KubeSeen } from '../facts/kube-object.ts'
import type { Inventory } from '../inventory/inventory.ts'
import { contains } from '../inventory/subnets.ts'
import type { Node } from './node.ts'

/** Nodes nobody has in the inventory any more: told, and never removed unasked. */
export function strangersFinding({ inventory }: Pick<Node, 'inventory'>, seen: KubeNodes): Omit<Finding, 'id'> {
  const base = { threshold: 'every node is in the inventory', severity: 'advised' } as const
  if (seen.state === 'down') {
    const evidence = `cannot be told, the API server does not answer: ${seen.reason}`
    return { ...base, met: false, evidence, fix: 'run the same again once it does' }
  }
  const known = new Set(inventory.hosts.map(({ name }) => name))
  const names = seen.state === 'up' ? seen.nodes.map(({ metadata }) => metadata.name) : []
  const unknown = names.filter((name) => !known.has(name))
  if (unknown.length === 0) return { ...base, met: true, evidence: 'none' }
  const list = unknown.join(' ')
  return {
    ...base,
    met: false,
    evidence: `${unknown.join(', ')}: still part of the cluster`,
    fix: `put it back into the inventory, or take it out of the cluster: provision remove ${inventory.file} ${list} --keep-host (--dead when the machine is gone)`,
  }
}

/**
 * The same for `up`, where it costs nothing while all is well: the list of all nodes takes a kubectl of its own, and is asked
 * for only where this host has a way to pods of a node that is none of the inventory's. A network that makes no such routes is
 * asked every time.
 */
export function strangers(node: Node): Resource {
  const known = node.inventory.hosts.map(({ name }) => nodeProbe(name))
  const list = (answers: Answers): KubeNodes | 'ask' => {
    const seen = known.map((each) => answers.get(each))
    const down = seen.find(({ state }) => state === 'down')
    if (down?.state === 'down') return down
    return hasStrangeRoute(node.inventory, seen, answers.get(gatewayRoutesProbe)) ? 'ask' : { state: 'none' }
  }
  const looks = makesRoutes(node.inventory)
  return {
    ...requirement({
      id: 'strangers',
      title: 'nodes outside the inventory',
      probes: looks ? [gatewayRoutesProbe, ...known] : [kubeNodesProbe],
      judge(answers) {
        const seen = looks ? list(answers) : 'ask'
        return strangersFinding(node, seen === 'ask' ? answers.get(kubeNodesProbe) : seen)
      },
    }),
    closer: (answers) => (looks && list(answers) === 'ask' ? [kubeNodesProbe] : []),
  }
}

/**
 * Flannel, in Canal too, gives each node a route to the pods of every other one; WireGuard has one for all, and IPv6 a table of
 * its own. Calico's routes are to blocks of addresses, and Cilium need not have any.
 */
function makesRoutes({ network, kubernetes }: Inventory): boolean {
  const hasRoutes = network.cni === 'canal' || (network.cni === 'flannel' && network.backend !== 'wireguard')
  return hasRoutes && !kubernetes.podSubnet.includes(':')
}

function hasStrangeRoute({ kubernetes }: Inventory, nodes: readonly KubeSeen[], routes: readonly string[]): boolean {
  const own = new Set(nodes.map((seen) => (seen.state === 'present' ? nodeOf(seen.object).podCIDR : undefined)))
  return routes.some((route) => contains(kubernetes.podSubnet, route.replace(/\/.*/, '')) && !own.has(route))
}
