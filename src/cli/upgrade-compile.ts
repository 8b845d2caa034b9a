import { upgrade } from '../../playbooks/upgrade.ts'
import { releasesOf } from '../cluster/releases.ts'
import { type Rollout, rolloutOf } from '../cluster/rollout.ts'
import { compile } from '../core/play.ts'
import { knownAlready, nodesOf, refuseUnknown } from './node-compile.ts'
import type { Parts } from './parts.ts'
import { startSupply } from './supply.ts'

/** Lists what each host goes through in an upgrade, while what it needs is on its way. @throws InputError */
export function compileUpgrade(settings: Pick<Rollout, 'parallel' | 'drainSeconds'>): Parts['compile'] {
  return async (inventory, hosts, work) => {
    for (const host of hosts) refuseUnknown(inventory, host)
    releasesOf(inventory)
    const { artifacts, started } = await startSupply(inventory, work)
    const nodes = nodesOf(inventory, { visited: hosts, chosen: hosts }, work)(artifacts)
    const [any] = nodes
    if (!any) return []
    const rollout = rolloutOf(
      any,
      hosts.map(({ name }) => name),
      settings,
    )
    const play = upgrade(rollout)
    const compiled = nodes.map((node) => compile(play, { ...node, rollout }))
    await knownAlready(compiled, started)
    return compiled
  }
}
