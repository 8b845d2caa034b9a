import { randomBytes } from 'node:crypto'
import { letIn } from '../../playbooks/join.ts'
import { up } from '../../playbooks/up.ts'
import { checkHardware, verifyHardware, verifyHardwareAnew } from '../../playbooks/verify-hardware.ts'
import { REQUIREMENTS, requirementOf } from '../catalog/requirements.ts'
import { makeJoinSecrets } from '../cluster/join-secrets.ts'
import { inOrder, membershipOf } from '../cluster/membership.ts'
import type { Artifacts, Node } from '../cluster/node.ts'
import { refusePooled } from '../cluster/pooled-address.ts'
import { proxyNotice, refuseProxyMode } from '../cluster/proxy-choice.ts'
import { releasesOf } from '../cluster/releases.ts'
import { InputError } from '../core/errors.ts'
import { type Compiled, compile, play } from '../core/play.ts'
import { Value } from '../core/value.ts'
import { entryNotices } from '../inventory/entry-notices.ts'
import type { Host, Inventory } from '../inventory/inventory.ts'
import { didYouMean } from '../inventory/nearest.ts'
import { readAddons } from './addons-read.ts'
import { cacheFolder } from './folders.ts'
import { holdSource } from './hold-source.ts'
import type { CompileWork } from './parts.ts'
import { startSupply } from './supply.ts'
import { addressOf } from './together.ts'

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
  refuseProxyMode(inventory)
  refusePooled(
    inventory,
    hosts.map((host) => [host.name, addressOf(host)]),
  )
  const visited = work.letsIn ? [work.letsIn, ...hosts] : hosts
  const nodes = nodesOf(inventory, { visited, chosen: hosts }, work)
  if (work.purpose === 'check') {
    await holdSource(inventory, work)
    return nodes(NO_ARTIFACTS).map((node) => compile(CHECK, node))
  }
  releasesOf(inventory)
  refuseHidden(inventory, visited)
  const notice = proxyNotice(inventory)
  if (notice !== undefined) work.report({ type: 'notice', text: notice })
  for (const text of entryNotices(inventory)) work.report({ type: 'notice', text })
  const addons = await readAddons(inventory, { cacheDir: cacheFolder(work.world), signal: work.world.signal })
  const { artifacts, started } = await startSupply(inventory, work)
  const whole = work.purpose === 'up' ? up : MEASURED_ANEW
  const known = nodes(artifacts).map((node) => (addons ? { ...node, addons } : node))
  const compiled = known.map((node) =>
    node.name === work.letsIn?.name
      ? { ...compile(letIn, node), onDemand: node.membership.ticket.demanded }
      : compile(whole, node),
  )
  await knownAlready(compiled, started)
  return compiled
}

/** Once everything that is there already is known; `started`: something must be made first. */
export async function knownAlready(compiled: readonly Compiled[], started: Promise<void>): Promise<void> {
  const values = compiled.flatMap(({ resources }) => resources.flatMap(({ resource }) => resource.value?.promise ?? []))
  await Promise.race([Promise.allSettled(values), started])
  // What no host can get is not found out host by host.
  for (const { resource } of compiled.flatMap(({ resources }) => resources))
    if (resource.value?.error instanceof InputError) throw resource.value.error
}

interface Hosts {
  readonly visited: readonly Host[]
  /** Those of them that become what the inventory says. */
  readonly chosen: readonly Host[]
}

export function nodesOf(inventory: Inventory, { visited, chosen }: Hosts, { world, fitting }: CompileWork) {
  const secrets = new Value('a token of this run', async () => {
    const made = makeJoinSecrets(randomBytes)
    for (const secret of Object.values(made)) world.redactor.add(secret)
    return made
  })
  const addresses = new Map([...inventory.hosts, ...visited].map((host) => [host.name, addressOf(host)]))
  const names = (hosts: readonly Host[]) => hosts.map(({ name }) => name)
  const run = { visited: names(visited), chosen: names(chosen) }
  const membership = membershipOf(inventory, run, addresses, secrets)
  const common = { inventory, membership, operatorClock, ...(fitting ? { fitting } : {}) }
  return (artifacts: Artifacts): readonly Node[] =>
    inOrder(visited).map((host) => ({ ...common, name: host.name, host, address: addressOf(host), artifacts }))
}

const CHECK = play<Node>('check', [checkHardware])

/** `up`, but figures of earlier runs do not count. */
const MEASURED_ANEW = play<Node>(
  'up',
  up.sections.map((each) => (each === verifyHardware ? verifyHardwareAnew : each)),
)

const operatorClock = () => Date.now()

/** Requirements are made of nothing that has to be fetched. */
const NO_ARTIFACTS: Artifacts = {
  program: (name) => new Value(name, new Promise(() => undefined)),
  image: () => ({}),
  manifest: (name) => new Value(name, new Promise(() => undefined)),
  rendered: (name) => new Value(name, new Promise(() => undefined)),
}

/** Everybody must be able to call the first control plane. */
function refuseHidden({ file, hosts, kubernetes }: Inventory, visited: readonly Host[]): void {
  const first = visited.find(({ roles }) => roles.includes('control-plane'))
  if (hosts.length === 1 || kubernetes.controlPlaneEndpoint !== undefined || first === undefined) return
  // A lab machine has an address as soon as it is made.
  if (addressOf(first) !== undefined || first.lab !== undefined) return
  throw new InputError({
    what: `other nodes cannot know how to reach ${first.name}`,
    where: `${file}, host ${first.name}`,
    why: 'they join by its IP address, and the inventory has none for it',
    fix: `give it nodeAddress: an IP address; or give the cluster kubernetes.controlPlaneEndpoint`,
  })
}

export function refuseUnknown(inventory: Inventory, { name, accept }: Host): void {
  const unknown = Object.keys(accept).find((id) => requirementOf(id) === undefined)
  if (unknown === undefined) return
  const ids = Object.keys(REQUIREMENTS)
  throw new InputError({
    what: `accept names ${JSON.stringify(unknown)}, and no requirement has that id`,
    where: `${inventory.file}, host ${name}`,
    fix: didYouMean(unknown, ids) ?? `ids are: ${ids.join(', ')}`,
  })
}
