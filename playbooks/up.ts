import { type Node, type Play, play } from '../src/index.ts'
import { applyAddons } from './addons.ts'
import { installCertManager, proveCertManager } from './cert-manager.ts'
import { bootstrapCluster } from './cluster.ts'
import { shareEndpoint } from './endpoint.ts'
import { installIngress } from './ingress.ts'
import { prepareKernel } from './kernel.ts'
import { installLoadBalancer, proveLoadBalancer } from './metallb.ts'
import { installNetwork } from './network.ts'
import { settleNodes } from './nodes.ts'
import { applyPolicies, installPolicyEngine } from './policies.ts'
import { proveCluster } from './prove.ts'
import { settleProxy } from './proxy.ts'
import { installRuntime } from './runtime.ts'
import { verifyHardware } from './verify-hardware.ts'

/** The list behind `provision up`: everything a machine becomes, in order. */
export const up: Play<Node> = play('up', [
  verifyHardware,
  prepareKernel,
  installRuntime,
  shareEndpoint,
  bootstrapCluster,
  installNetwork,
  settleNodes,
  settleProxy,
  installLoadBalancer,
  installIngress,
  installCertManager,
  installPolicyEngine,
  applyPolicies,
  applyAddons,
  proveCluster,
  proveLoadBalancer,
  proveCertManager,
])
