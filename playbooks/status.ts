import { type Node, type Play, play, type StatusLimits, section, statusOf } from '../src/index.ts'

/** What `provision status` judges: nothing is changed by it. */
export function status(limits: StatusLimits): Play<Node> {
  return play('status', [section<Node>('Status', 'status', (node) => statusOf(node, limits))])
}
