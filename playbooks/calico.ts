import {
  CALICO_DEFINITIONS,
  CALICO_KINDS,
  CALICO_NAMESPACE,
  CALICO_RECORD,
  calicoConfig,
  calicoKinds,
  calicoLines,
  calicoManifest,
  calicoObjects,
  calicoRoutes,
  condition,
  isFirst,
  type Key,
  kubectlPrelude,
  later,
  manifests,
  type Node,
  type Resource,
  removedObjects,
  settledCalico,
  settledRoutes,
  waitUntil,
} from '../src/index.ts'
import { felixServes } from './felix.ts'
import { asApplied } from './network-applied.ts'

const LIMIT_SECONDS = 120

/** Calico: upstream's manifest with our settings in it; then addresses and routes, once the API server serves their kinds. */
export function calico(node: Node): readonly Resource[] {
  return [
    ...(isFirst(node) ? [appliedCalico(node), kindsServed(), appliedConfig(node)] : []),
    // Without its addresses no pod gets one.
    felixServes(node, { name: 'calico', title: 'Calico', pods: 'calico-node', applied: 'manifests:calico-config' }),
    ...(isFirst(node) ? [withoutOld(node)] : []),
  ]
}

/** Routes by way of reflectors, once those are marked: `after` says by what. */
export function reflectedRoutes({ inventory }: Node, after: readonly Key[]): readonly Resource[] {
  const objects = inventory.network.cni === 'calico' ? calicoRoutes(inventory) : []
  if (objects.length === 0) return []
  const options = { title: "Calico's route reflectors", after }
  return [manifests('calico-routes', objects, options, settledRoutes(objects))]
}

function appliedCalico(node: Node): Resource {
  const { artifacts, inventory, fitting } = node
  const options = { title: 'Calico', after: ['kubeadm:init'], ...asApplied(node) } as const
  return later(
    'manifests:calico',
    artifacts.manifest(calicoManifest(inventory)),
    (text) =>
      manifests('calico', calicoObjects(text, inventory, undefined), options, settledCalico(text, inventory, fitting)),
    options,
  )
}

function kindsServed(): Resource {
  const names = CALICO_DEFINITIONS.map((name) => `crd/${name}`).join(' ')
  return condition(
    {
      name: 'calico-kinds',
      wanted: "the API server serves Calico's kinds",
      ...calicoKinds,
      wait: `${kubectlPrelude(20)}
${waitUntil(`said=$(k wait --for=condition=Established ${names} --timeout=10s 2>&1)`, LIMIT_SECONDS, "Calico's kinds")}`,
      timeoutMs: (LIMIT_SECONDS + 60) * 1000,
    },
    { after: ['manifests:calico'] },
  )
}

/** Once every node goes by what is wanted: routes by old peers and answers of Typha are in use until then. */
function withoutOld({ inventory }: Node): Resource {
  return removedObjects(
    {
      set: 'calico-config',
      namespace: CALICO_NAMESPACE,
      record: CALICO_RECORD,
      kinds: CALICO_KINDS,
      keep: calicoLines(inventory),
      recordThen: 'trimmed',
      disrupts: { BGPPeer: 'nodes no longer learn of routes from each other this way' },
    },
    { title: 'what of Calico is no longer wanted', after: ['manifests:calico-config', 'condition:calico'] },
  )
}

function appliedConfig({ inventory }: Node): Resource {
  const objects = calicoConfig(inventory)
  const options = { title: "Calico's addresses and routes", after: ['condition:calico-kinds'] } as const
  return manifests('calico-config', objects, options, settledRoutes(objects))
}
