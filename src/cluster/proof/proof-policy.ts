import { type KubeObject, OUR_LABEL } from '../../facts/kube-object.ts'

/** Where pods of a proof listen, and what its Service offers. */
export const PROOF_PORT = 4242
/** Where pods of a proof listen as well, and nobody is to reach them while its policy is there. */
export const DENIED_PORT = 4243

/** Pods of the proof may be reached on its port by each other, and by nobody on any other. Made after all else was measured. */
export function proofPolicy(namespace: string): KubeObject {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'peer', namespace, labels: OUR_LABEL },
    spec: {
      podSelector: {},
      policyTypes: ['Ingress'],
      ingress: [{ from: [{ podSelector: {} }], ports: [{ port: PROOF_PORT, protocol: 'TCP' }] }],
    },
  }
}
