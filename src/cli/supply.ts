import { openSource, type Supply } from '../artifacts/source.ts'
import type { Artifacts } from '../cluster/node.ts'
import type { EventBody } from '../core/events.ts'
import type { Inventory } from '../inventory/inventory.ts'
import { startBundle } from '../lab/bundle/bundle.ts'
import { cacheFolder } from './folders.ts'
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
export async function startSupply({ artifacts: { source } }: Inventory, work: LocalWork): Promise<StartedSupply> {
  const started = Promise.withResolvers<void>()
  const report = (event: EventBody) => {
    const begins = event.type === 'task' && event.state === 'start' && event.id !== 'bundle'
    if (begins) started.resolve()
    if (begins && !work.make) throw new NotMade()
    if (work.make) work.report(event)
  }
  const options = { cacheDir: cacheFolder(work.world), report, signal: work.signal }
  const known = (supply: Supply) => (work.make ? supply : withoutFailures(supply, started.resolve))
  if (source === 'lab') {
    const bundle = startBundle({ ...options, jobs: BUNDLE_JOBS })
    return { artifacts: nodeArtifacts(known(bundle), { label: 'lab bundle', pulls: false }), started: started.promise }
  }
  if (typeof source === 'object' && 'bundle' in source) {
    const supply = await openSource({ kind: 'bundle', path: source.bundle }, options)
    return { artifacts: nodeArtifacts(supply, { label: 'bundle', pulls: false }), started: started.promise }
  }
  const place =
    source === 'release' ? ({ kind: 'release' } as const) : ({ kind: 'mirror', url: source.mirror } as const)
  const supply = await openSource(place, options)
  return { artifacts: nodeArtifacts(known(supply), { label: 'download', pulls: true }), started: started.promise }
}

/** What a dry run may not make, or cannot, stays unknown: its plan says `known after`, and nobody waits for it. */
function withoutFailures(supply: Supply, failed: () => void): Supply {
  const never = () => {
    failed()
    return new Promise<never>(() => undefined)
  }
  return { artifact: (name, arch) => supply.artifact(name, arch).catch(never) }
}
