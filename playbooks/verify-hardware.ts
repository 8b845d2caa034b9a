import {
  fsyncRecord,
  type Node,
  networkChoice,
  type Resource,
  requirements,
  sameVersion,
  section,
} from '../src/index.ts'

/** Nothing on a machine is changed while one of these is unmet. The figure that was measured is kept for the next run. */
export const verifyHardware = section<Node>('Verify hardware', 'verify', (node) => [
  sameVersion(node),
  networkChoice(node),
  ...requirements(node, { measureAgain: false }),
  ...keptFigure(node),
])

/** The same for `up --verify`: figures of earlier runs do not count. */
export const verifyHardwareAnew = section<Node>('Verify hardware', 'verify', (node) => [
  sameVersion(node),
  networkChoice(node),
  ...requirements(node, { measureAgain: true }),
  ...keptFigure(node),
])

/** The same for `provision check`: everything is measured anew, and nothing is kept. */
export const checkHardware = section<Node>('Verify hardware', 'verify', (node) =>
  requirements(node, { measureAgain: true }),
)

function keptFigure({ host, inventory }: Node): readonly Resource[] {
  if (!host.roles.includes('control-plane')) return []
  return [fsyncRecord({ folder: inventory.kubernetes.etcd.dataDir, limitMs: host.verify.etcdFsyncP99Ms })]
}
