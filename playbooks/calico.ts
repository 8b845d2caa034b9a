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
  condition,
  isFirst,
  kubectlPrelude,
  later,
  manifests,
  type Node,
  type Resource,
  removedObjects,
  settledCalico,
  waitUntil,
} from '../src/index.ts'
import { felixServes } from './felix.ts'
import { asApplied } from './network-applied.ts'

const LIMIT_SECONDS = 120

/** Calico: upstream's manifest with our settings in it; then addresses and routes, once the API server serves their kinds. */
export function calico(node: Node): readonly Resource[] {
  return [
    ...(isFirst(node) ? [appliedCalico(node), kindsServed(), withoutOldRoutes(node), appliedConfig(node)] : []),
    felixServes(node, { name: 'calico', title: 'Calico', pods: 'calico-node', applied: 'manifests:calico' }),
  ]
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

function withoutOldRoutes({ inventory }: Node): Resource {
  return removedObjects(
    {
      set: 'calico-config',
      namespace: CALICO_NAMESPACE,
      record: CALICO_RECORD,
      kinds: CALICO_KINDS,
      keep: calicoLines(inventory),
      disrupts: { BGPPeer: 'nodes no longer learn of routes from each other this way' },
    },
    { title: 'ways of routes that are no longer wanted', after: ['condition:calico-kinds'] },
  )
}

function appliedConfig({ inventory }: Node): Resource {
  return manifests('calico-config', calicoConfig(inventory), {
    title: "Calico's addresses and routes",
    after: ['condition:calico-kinds', 'removed:calico-config'],
  })
}
