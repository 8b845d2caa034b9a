import { up } from '../../playbooks/up.ts'
import type { Node } from '../../src/cluster/node.ts'
import { type Compiled, compile } from '../../src/core/play.ts'
import type { Resource } from '../../src/core/resource.ts'

/** Keys of what needs nothing of a host but its API server and what runs beside that. */
const OF_THE_API =
  /^(manifests:|removed:|room:|kube-proxy:config$|condition:(calico-kinds|cert-manager-webhook|metallb-(webhook|pools))$)/

/** What the playbook of a whole cluster wants of the API server alone, in its order: a set that is added to it is in here too. */
export function apiPlay(node: Node, which = OF_THE_API): Compiled {
  const { host, resources } = compile(up, node)
  const own = resources.filter(({ resource }) => which.test(resource.key))
  const keys = new Set(own.map(({ resource }) => resource.key))
  return { host, resources: own.map((item) => ({ ...item, resource: afterOnly(keys, item.resource) })) }
}

/** The same resource in a world where nothing else is to be waited for. */
function afterOnly(keys: ReadonlySet<string>, resource: Resource): Resource {
  const after = resource.after.filter((key) => keys.has(key))
  return Object.create(resource, { after: { value: after } }) as Resource
}
