/** Whether somebody on each node enforces NetworkPolicies; the API server takes them whether or not anybody does. */
interface PolicyEngine {
  /** Who enforces them; nobody where it is left out. */
  readonly engine?: string
  readonly source: string
}

/** By network, and by the engine beside it. */
const POLICY_ENGINES: Readonly<Record<string, PolicyEngine>> = {
  flannel: { source: 'flannel-io/flannel, README: "Flannel is focused on networking"' },
  'flannel+kube-router': { engine: 'kube-router', source: 'kube-router.io, "Network policy controller"' },
  calico: { engine: 'Calico', source: 'docs.tigera.io, "Get started with Kubernetes network policy"' },
  canal: { engine: 'Calico', source: 'docs.tigera.io, "Install Calico for policy and flannel for networking"' },
  cilium: { engine: 'Cilium', source: 'docs.cilium.io, "Network Policy"' },
}

/** Who enforces the policies of a cluster; undefined: nobody. */
export function policyEngineOf(network: { readonly cni: string; readonly policyEngine?: string }): string | undefined {
  const { cni, policyEngine } = network
  return POLICY_ENGINES[policyEngine === undefined ? cni : `${cni}+${policyEngine}`]?.engine
}
