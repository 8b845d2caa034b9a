import { type Node, type Play, play } from '../src/index.ts'
import { bootstrapCluster } from './cluster.ts'
import { prepareKernel } from './kernel.ts'
import { installNetwork } from './network.ts'
import { settleNodes } from './nodes.ts'
import { proveCluster } from './prove.ts'
import { installRuntime } from './runtime.ts'
import { verifyHardware } from './verify-hardware.ts'

/** The list behind `provision up`: everything a machine becomes, in order. */
export const up: Play<Node> = play('up', [
  verifyHardware,
  prepareKernel,
  installRuntime,
  bootstrapCluster,
  installNetwork,
  settleNodes,
  proveCluster,
])
