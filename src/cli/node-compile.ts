import { isIP } from 'node:net'
import { up } from '../../playbooks/up.ts'
import { checkHardware } from '../../playbooks/verify-hardware.ts'
import { RELEASES } from '../catalog/releases.ts'
import { REQUIREMENTS, requirementOf } from '../catalog/requirements.ts'
import type { Artifacts, Node } from '../cluster/node.ts'
import { InputError } from '../core/errors.ts'
import { type Compiled, compile, play } from '../core/play.ts'
import { Value } from '../core/value.ts'
import type { Host, Inventory } from '../inventory/inventory.ts'
import { didYouMean } from '../inventory/nearest.ts'
import type { CompileWork } from './parts.ts'
import { startSupply } from './supply.ts'

/**
 * Lists what each host is to become, while what it needs is on its way. Returns once everything that is there already is
 * known: a run that changes nothing must not look twice. @throws InputError
 */
export async function compileNodes(
  inventory: Inventory,
  hosts: readonly Host[],
  work: CompileWork,
): Promise<readonly Compiled[]> {
  if (work.purpose === 'nothing') return hosts.map(({ name }) => ({ host: name, resources: [] }))
  for (const host of hosts) refuseUnknown(inventory, host)
  const nodes = (artifacts: Artifacts) =>
    hosts.map((host) => ({ name: host.name, host, inventory, address: addressOf(host), artifacts, operatorClock }))
  if (work.purpose === 'check') return nodes(NO_ARTIFACTS).map((node) => compile(CHECK, node))
  refuseSeveral(inventory, hosts)
  refuseVersion(inventory)
  const { artifacts, started } = await startSupply(inventory, work)
  const whole = work.purpose === 'up' ? up : MEASURED_ANEW
  const compiled = nodes(artifacts).map((node) => compile(whole, node))
  const values = compiled.flatMap(({ resources }) => resources.flatMap(({ resource }) => resource.value?.promise ?? []))
  await Promise.race([Promise.allSettled(values), started])
  return compiled
}

const CHECK = play<Node>('check', [checkHardware])

/** `up`, but figures of earlier runs do not count. */
const MEASURED_ANEW = play<Node>('up', [checkHardware, ...up.sections.filter(({ tag }) => tag !== checkHardware.tag)])

const operatorClock = () => Date.now()

/** Requirements are made of nothing that has to be fetched. */
const NO_ARTIFACTS: Artifacts = {
  program: (name) => new Value(name, new Promise(() => undefined)),
  image: () => 'pull',
  manifest: (name) => new Value(name, new Promise(() => undefined)),
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

/** One version for now: what is installed, and what the images are called, are facts of the catalog. */
function refuseVersion({ file, kubernetes: { version } }: Inventory): void {
  const known = RELEASES.kubernetes.version.replace(/^v/, '')
  if (version === known) return
  throw new InputError({
    what: `kubernetes.version is ${JSON.stringify(version)}, and this version of provision installs ${known} only`,
    where: file,
    fix: `write version: "${known}"`,
  })
}

function refuseUnknown(inventory: Inventory, { name, accept }: Host): void {
  const unknown = Object.keys(accept).find((id) => requirementOf(id) === undefined)
  if (unknown === undefined) return
  const ids = Object.keys(REQUIREMENTS)
  throw new InputError({
    what: `accept names ${JSON.stringify(unknown)}, and no requirement has that id`,
    where: `${inventory.file}, host ${name}`,
    fix: didYouMean(unknown, ids) ?? `ids are: ${ids.join(', ')}`,
  })
}
