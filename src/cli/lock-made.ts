import { offerDigest } from '../artifacts/offer.ts'
import { Registry } from '../artifacts/registry.ts'
import type { Supply } from '../artifacts/source.ts'
import { InputError } from '../core/errors.ts'
import type { Connect } from '../core/host.ts'
import type { Inventory } from '../inventory/inventory.ts'
import type { Lock } from './lock-file.ts'
import { neededArtifacts } from './needed-artifacts.ts'
import type { LocalWork } from './parts.ts'
import { openSupply } from './supply.ts'

/** Registries asked at the same time. */
const IMAGES_AT_ONCE = 4

/** What an inventory's source has now: versions and digests of everything a plan of it installs. @throws ProvisionError */
export async function lockedArtifacts(
  inventory: Inventory,
  work: LocalWork,
): Promise<Pick<Lock, 'source' | 'artifacts' | 'images'>> {
  const { programs, images, manifests } = neededArtifacts(inventory)
  const { supply, pulls } = await openSupply(inventory, work)
  const names = [...programs, ...manifests, ...(pulls ? [] : images.keys())]
  const artifacts = await Promise.all(names.map(async (name) => [name, await lockedArtifact(supply, name)] as const))
  const registry = new Registry({ mirrors: inventory.runtime.registryMirrors, signal: work.signal })
  return {
    source: sourceText(inventory),
    artifacts: Object.fromEntries(artifacts),
    images: pulls ? await resolved(registry, [...images.values()]) : {},
  }
}

async function lockedArtifact(supply: Supply, name: string): Promise<Lock['artifacts'][string]> {
  const offers = await supply.offers(name)
  const [first] = offers
  if (!first) throw new InputError({ what: `there is no ${name} for any processor`, fix: 'name another source' })
  const { version } = first.download ?? first.file.artifact
  const kind = first.file?.artifact.kind ?? (first.arch === 'any' ? 'manifest' : 'binary')
  return { version, kind, sha256: Object.fromEntries(offers.map((offer) => [offer.arch, offerDigest(offer)])) }
}

async function resolved(registry: Registry, references: readonly string[]): Promise<Lock['images']> {
  const found: (readonly [string, string])[] = []
  const left = [...references]
  const worker = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift())
      found.push([next, (await registry.manifest(next)).digest])
  }
  await Promise.all(Array.from({ length: IMAGES_AT_ONCE }, worker))
  return Object.fromEntries(found)
}

/** As a person knows it; a bundle by its name alone, so that it may lie elsewhere on another machine. */
function sourceText({ artifacts: { source } }: Inventory): string {
  if (typeof source === 'string') return source
  return 'mirror' in source ? `mirror ${source.mirror}` : 'bundle'
}

/** The keys hosts show, each verified as for any other visit. @throws UnreachableError for the first that cannot be reached */
export async function lockedHosts(
  hosts: readonly string[],
  connect: Connect,
  signal: AbortSignal,
): Promise<Lock['hosts']> {
  const keys = await Promise.all(
    hosts.map(async (host) => {
      const session = await connect(host, signal)
      const { hostKey } = session.peer
      await session.close()
      return [host, [hostKey]] satisfies [string, string[]]
    }),
  )
  return Object.fromEntries(keys)
}
