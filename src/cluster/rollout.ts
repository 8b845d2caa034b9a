import { Deferred } from '../core/deferred.ts'
import type { Node } from './node.ts'

/** What the machines of an upgrade wait for: each drained when its turn comes, the next one once it is back. */
export interface Rollout {
  /** Everybody but the first control plane, in the order of their turns: control planes, then workers. */
  readonly turns: readonly Turn[]
  /** Workers that are away at the same time. */
  readonly parallel: number
  /** Evictions of one node may take this long. */
  readonly drainSeconds: number
}

export interface Turn {
  readonly name: string
  readonly controlPlane: boolean
  /** Given by itself: it has been reached, and has what the new version runs. Nobody is drained for nothing. */
  readonly ready: Deferred<boolean>
  /** Given by the first control plane: it is drained, and may be changed. */
  readonly drained: Deferred<boolean>
  /** Given by itself: it runs the new version and is Ready. */
  readonly renewed: Deferred<boolean>
}

/** A machine that is being upgraded. */
export interface UpgradeNode extends Node {
  readonly rollout: Rollout
}

export function rolloutOf(
  { membership }: Pick<Node, 'membership'>,
  visited: readonly string[],
  settings: Pick<Rollout, 'parallel' | 'drainSeconds'>,
): Rollout {
  const members = membership.joining.filter(({ name }) => visited.includes(name))
  const ordered = [...members.filter((each) => each.controlPlane), ...members.filter((each) => !each.controlPlane)]
  return {
    ...settings,
    turns: ordered.map(({ name, controlPlane }) => ({
      name,
      controlPlane,
      ready: new Deferred(`${name} is ready for its turn`, () => true),
      drained: new Deferred(`${name} is drained`, () => true),
      renewed: new Deferred(`${name} is upgraded`, () => true),
    })),
  }
}

/** The same, as many at a time as may be away together: control planes go alone. */
export function batches({ turns, parallel }: Pick<Rollout, 'turns' | 'parallel'>): readonly (readonly Turn[])[] {
  const workers = turns.filter(({ controlPlane }) => !controlPlane)
  const groups = Array.from({ length: Math.ceil(workers.length / parallel) }, (_, i) =>
    workers.slice(i * parallel, (i + 1) * parallel),
  )
  return [...turns.filter(({ controlPlane }) => controlPlane).map((turn) => [turn]), ...groups]
}
