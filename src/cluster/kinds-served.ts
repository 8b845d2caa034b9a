import type { Answers, Probe } from '../core/fact.ts'
import { type KubeObject, type KubeRef, type KubeSeen, kubeProbe } from '../facts/kube-object.ts'

export interface KindsServed {
  readonly probes: readonly Probe<KubeRef, KubeSeen>[]
  readonly holds: (answers: Answers) => { readonly holds: boolean; readonly evidence: string }
}

/**
 * Whether the API server serves these kinds, `ippools.crd.projectcalico.org`: a definition that is there is not served until its
 * names are accepted. Source: kubernetes.io, "CustomResourceDefinition", condition Established.
 */
export function kindsServed(definitions: readonly string[]): KindsServed {
  const probes = definitions.map((name) => kubeProbe('apiextensions.k8s.io/v1', 'CustomResourceDefinition', name))
  return {
    probes,
    holds(answers) {
      const missing = probes.filter((probe) => {
        const seen = answers.get(probe)
        return seen.state !== 'present' || !isEstablished(seen.object)
      })
      return missing.length === 0
        ? { holds: true, evidence: `${probes.length} kinds served` }
        : { holds: false, evidence: `not served yet: ${missing.map(({ ask }) => ask.name).join(', ')}` }
    },
  }
}

function isEstablished({ status }: KubeObject): boolean {
  const { conditions } = (status ?? {}) as { readonly conditions?: readonly { type?: unknown; status?: unknown }[] }
  return conditions?.some(({ type, status: state }) => type === 'Established' && state === 'True') === true
}
