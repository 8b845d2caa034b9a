import { isIP } from 'node:net'
import { up } from '../../playbooks/up.ts'
import { REQUIREMENTS } from '../catalog/requirements.ts'
import { InputError } from '../core/errors.ts'
import { type Compiled, compile } from '../core/play.ts'
import type { Host, Inventory } from '../inventory/inventory.ts'
import { didYouMean } from '../inventory/nearest.ts'
import type { LocalWork } from './parts.ts'
import { startSupply } from './supply.ts'

/**
 * Lists what each host is to become, while what it needs is on its way. Returns once everything that is there already is
 * known: a run that changes nothing must not look twice. @throws InputError
 */
export async function compileUp(
  inventory: Inventory,
  hosts: readonly Host[],
  work: LocalWork,
): Promise<readonly Compiled[]> {
  refuseSeveral(inventory, hosts)
  for (const host of hosts) refuseUnknown(inventory, host)
  const { artifacts, started } = await startSupply(inventory, work)
  const operatorClock = () => Date.now()
  const compiled = hosts.map((host) =>
    compile(up, { name: host.name, host, inventory, address: addressOf(host), artifacts, operatorClock }),
  )
  const values = compiled.flatMap(({ resources }) => resources.flatMap(({ resource }) => resource.value?.promise ?? []))
  await Promise.race([Promise.allSettled(values), started])
  return compiled
}

/** What other nodes call; nothing when only a name is known. */
function addressOf({ nodeAddress, address }: Host): string | undefined {
  const known = nodeAddress ?? address
  return known !== undefined && isIP(known) !== 0 ? known : undefined
}

function refuseSeveral(inventory: Inventory, hosts: readonly Host[]): void {
  if (inventory.hosts.length === 1) return
  throw new InputError({
    what: `clusters of several nodes come with the next version; this inventory has ${inventory.hosts.length}: ${inventory.hosts.map(({ name }) => name).join(', ')}`,
    where: inventory.file,
    why:
      hosts.length === 1
        ? '--limit chooses who is visited, and not what the cluster is'
        : 'joining further nodes is not there yet',
    fix: 'leave one control-plane host in the inventory',
  })
}

function refuseUnknown(inventory: Inventory, { name, accept }: Host): void {
  const unknown = Object.keys(accept).find((id) => !Object.hasOwn(REQUIREMENTS, id))
  if (unknown === undefined) return
  const ids = Object.keys(REQUIREMENTS)
  throw new InputError({
    what: `accept names ${JSON.stringify(unknown)}, and no requirement has that id`,
    where: `${inventory.file}, host ${name}`,
    fix: didYouMean(unknown, ids) ?? `ids are: ${ids.join(', ')}`,
  })
}
