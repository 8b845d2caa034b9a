import { openSource, type Supply, sentOffers } from '../artifacts/source.ts'
import { downloadsFor } from '../catalog/downloads.ts'
import type { Artifacts } from '../cluster/node.ts'
import { releasesOf } from '../cluster/releases.ts'
import { InputError } from '../core/errors.ts'
import type { EventBody } from '../core/events.ts'
import type { Inventory } from '../inventory/inventory.ts'
import { type StartedBundle, startBundle } from '../lab/bundle/bundle.ts'
import { recipesFor } from '../lab/bundle/recipes.ts'
import { refuseOtherVersion } from './bundle-version.ts'
import { cacheFolder } from './folders.ts'
import { heldImage, heldSupply } from './held.ts'
import { readLock } from './lock-file.ts'
import { nodeArtifacts } from './node-artifacts.ts'
import type { LocalWork } from './parts.ts'

/** Parts of the lab's bundle that are compiled at once: the Go tool chain itself uses all processors. */
const BUNDLE_JOBS = 2

export interface StartedSupply {
  readonly artifacts: Artifacts
  /** Resolves when something must be made or fetched first. Until then, what is asked for may be there already. */
  readonly started: Promise<void>
}

/** Thrown into work that would make something in a dry run. */
class NotMade extends Error {}

/** Opens the source an inventory names, and starts what takes long. Nothing is awaited that has to be made first. */
export async function startSupply(inventory: Inventory, work: LocalWork): Promise<StartedSupply> {
  const started = Promise.withResolvers<void>()
  const report = (event: EventBody) => {
    const begins = event.type === 'task' && event.state === 'start' && event.id !== 'bundle'
    if (begins) started.resolve()
    if (begins && !work.make) throw new NotMade()
    if (work.make) work.report(event)
  }
  const { supply, label, pulls } = await openSupply(inventory, { ...work, report })
  const lock = await readLock(work.world, inventory.file)
  const held = lock ? heldSupply(supply, lock) : supply
  const known = work.make ? held : withoutFailures(held, started.resolve)
  const digest = (reference: string) => (lock ? heldImage(lock, reference) : undefined)
  return { artifacts: nodeArtifacts(known, { label, pulls, digest }), started: started.promise }
}

export interface OpenedSupply {
  readonly supply: Supply
  /** As it stands in plans, before what is awaited. */
  readonly label: string
  /** Hosts take images from registries. */
  readonly pulls: boolean
}

/** Opens the source an inventory names. The lab's begins to be made at once; downloads wait until somebody wants them. */
export async function openSupply(
  inventory: Inventory,
  { world, report, signal }: Omit<LocalWork, 'make'>,
): Promise<OpenedSupply> {
  const { source } = inventory.artifacts
  const options = { cacheDir: cacheFolder(world), report, signal }
  if (source === 'lab') {
    const bundle = startBundle({ ...options, jobs: BUNDLE_JOBS }, recipesFor(releasesOf(inventory), inventory))
    return { supply: labSupply(bundle), label: 'lab bundle', pulls: false }
  }
  if (typeof source === 'object' && 'bundle' in source) {
    const supply = await openSource({ kind: 'bundle', path: source.bundle }, options)
    await refuseOtherVersion(supply, inventory)
    return { supply, label: 'bundle', pulls: false }
  }
  const place =
    source === 'release' ? ({ kind: 'release' } as const) : ({ kind: 'mirror', url: source.mirror } as const)
  const supply = await openSource(place, { ...options, downloads: downloadsFor(releasesOf(inventory)) })
  return { supply, label: 'download', pulls: true }
}

/** What a dry run may not make, or cannot, stays unknown: its plan says `known after`, and nobody waits for it. */
function withoutFailures(supply: Supply, failed: () => void): Supply {
  const never = () => {
    failed()
    return new Promise<never>(() => undefined)
  }
  // A wrong inventory is wrong in a dry run too.
  const known = (error: unknown) => (error instanceof InputError ? Promise.reject(error) : never())
  return {
    artifact: (name, arch) => supply.artifact(name, arch).catch(known),
    offers: (name) => supply.offers(name).catch(known),
  }
}

function labSupply({ artifact }: StartedBundle): Supply {
  return {
    async artifact(name, arch) {
      const file = await artifact(name)
      const made = file.artifact.arch
      if (arch === undefined || made === arch || made === 'any') return file
      throw new InputError({
        what: `the lab compiles ${name} for ${made} only, and ${arch} is wanted`,
        where: 'artifacts.source: lab',
        fix: 'take another source for it: release, a mirror or a bundle',
      })
    },
    offers: async (name) => sentOffers([await artifact(name)]),
  }
}
