import {
  INGRESS_RECORD,
  type Ingress,
  ingressClassInTheWay,
  ingressClassOf,
  isFirst,
  kubeProbe,
  madeRoom,
  manifests,
  type Node,
  podsServe,
  RELEASES,
  type Resource,
  removedObjects,
  rolledOutScript,
  rolloutOf,
  section,
  TRAEFIK_CONTROLLER,
  TRAEFIK_NAMESPACE,
  TRAEFIK_PODS,
  traefikObjects,
  traefikRecordLines,
} from '../src/index.ts'
import { nodeImages } from './artifacts.ts'

const ROLLOUT_SECONDS = 600

/** Who carries HTTP from outside to Services: Traefik, of our own objects. */
export const installIngress = section<Node>('Install the ingress', 'ingress', (node) => {
  const { ingress } = node.inventory
  if (!ingress) return []
  return [
    ...nodeImages(node, RELEASES.traefik.images),
    ...(isFirst(node)
      ? [roomForClass(ingress), withoutOld(node, ingress), appliedTraefik(node, ingress), runs(ingress)]
      : []),
  ]
})

/** Whose class it is cannot be changed: another controller's of that name goes first. */
function roomForClass(ingress: Ingress): Resource {
  const refs = [{ apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', name: ingressClassOf(ingress) }]
  return madeRoom(
    { set: 'ingress', refs, inTheWay: ingressClassInTheWay(TRAEFIK_CONTROLLER) },
    { title: 'class of Ingresses that is somebody else’s', after: ['kubeadm:init'] },
  )
}

function appliedTraefik({ inventory }: Node, ingress: Ingress): Resource {
  const after = ['kubeadm:init', 'room:ingress', 'removed:traefik'] as const
  return manifests('traefik', traefikObjects(ingress, inventory.hosts), { title: 'Traefik', after })
}

function runs({ exposure }: Ingress): Resource {
  const kind = exposure === 'hostPorts' ? 'DaemonSet' : 'Deployment'
  const seen = kubeProbe('apps/v1', kind, `${TRAEFIK_NAMESPACE}/traefik`)
  return podsServe(
    {
      name: 'traefik',
      wanted: 'Traefik runs',
      probes: [seen],
      holds(answers) {
        const answer = answers.get(seen)
        if (answer.state !== 'present') return { holds: false, evidence: 'Traefik is not there yet' }
        const { available, wanted, complete } = rolloutOf(answer.object)
        return { holds: complete, evidence: `${available} of ${wanted} pods` }
      },
      test: () => rolledOutScript(TRAEFIK_NAMESPACE, `${kind.toLowerCase()}/traefik`),
      awaited: 'pods of Traefik',
      pods: { namespace: TRAEFIK_NAMESPACE, selector: TRAEFIK_PODS },
      limitSeconds: ROLLOUT_SECONDS,
    },
    { after: ['manifests:traefik'] },
  )
}

/** What the way of exposure before this one had: the other kind of workload, its Service, a class under another name. */
function withoutOld({ inventory }: Node, ingress: Ingress): Resource {
  return removedObjects(
    {
      set: 'traefik',
      namespace: TRAEFIK_NAMESPACE,
      record: INGRESS_RECORD,
      kinds: 'any',
      keep: traefikRecordLines(ingress, inventory.hosts),
      disrupts: {
        Service: 'its address goes back to its pool',
        Deployment: 'nobody carries requests until the new pods run',
        DaemonSet: 'nobody carries requests until the new pods run',
        IngressClass: 'Ingresses that name it are not carried any more',
      },
    },
    { title: 'what of Traefik is no longer wanted', after: ['kubeadm:init'] },
  )
}
