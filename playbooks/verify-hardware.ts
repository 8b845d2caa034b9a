import { type Node, recordOfVerification, requirements, section } from '../src/index.ts'

/** Nothing on a machine is changed while one of these is unmet. The figure that was measured is kept for the next run. */
export const verifyHardware = section<Node>('Verify hardware', 'verify', (node) => [
  ...requirements(node, { measureAgain: false }),
  ...recordOfVerification(node),
])

/** The same for `provision check`: everything is measured anew, and nothing is kept. */
export const checkHardware = section<Node>('Verify hardware', 'verify', (node) =>
  requirements(node, { measureAgain: true }),
)
