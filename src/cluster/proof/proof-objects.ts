import { type KubeObject, OUR_LABEL } from '../../facts/kube-object.ts'
import { PROOF_LABEL, type ProofGround } from '../../facts/proof-ground.ts'
import { PROOF_PORT, proofPolicy } from './proof-policy.ts'

const NAME = 'peer'

export interface ProofObjectsInput {
  /** Run id. */
  readonly run: string
  /** Who started it, e.g. `user@machine`. */
  readonly who: string
  /** Moment in ISO 8601. */
  readonly since: string
  /** Nodes that get a pod. */
  readonly nodes: readonly string[]
  /** Image every node has already: it does nothing but hold a network open. */
  readonly image: string
}

/** A namespace with one pod on each node and a Service in front of them. Nothing of it asks for anything of the node. */
export function proofGround({ run, who, since, nodes, image }: ProofObjectsInput): ProofGround {
  const namespace = `provision-prove-${run.slice(-6)}`
  const labels = { [PROOF_LABEL]: run, ...OUR_LABEL }
  const meta = { name: NAME, namespace, labels }
  const port = (protocol: 'TCP' | 'UDP') => ({
    name: protocol.toLowerCase(),
    protocol,
    port: PROOF_PORT,
    targetPort: PROOF_PORT,
  })
  const objects: readonly KubeObject[] = [
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: {
        name: namespace,
        labels: { ...labels, 'pod-security.kubernetes.io/enforce': 'restricted' },
        annotations: { 'provision.dev/who': who, 'provision.dev/since': since },
      },
    },
    // The one every namespace gets comes a moment after it.
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: meta, automountServiceAccountToken: false },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: meta,
      spec: { ports: [port('TCP'), port('UDP')] },
    },
    ...nodes.map((node, i) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { ...meta, name: `${NAME}-${i}` },
      spec: podSpec(node, image),
    })),
  ]
  return { namespace, service: NAME, port: PROOF_PORT, objects, policy: proofPolicy(namespace) }
}

/** Without a controller or a scheduler: what they are at must not stand between the network and its proof. */
function podSpec(node: string, image: string) {
  return {
    nodeName: node,
    serviceAccountName: NAME,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: 0,
    tolerations: [{ operator: 'Exists' }],
    securityContext: { runAsNonRoot: true, runAsUser: 65535, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name: NAME,
        image,
        imagePullPolicy: 'IfNotPresent',
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
      },
    ],
  }
}
