import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { EventBody } from '../src/core/events.ts'
import { makeBundle, startBundle } from '../src/lab/bundle/bundle.ts'
import { openLab } from '../src/lab/lab.ts'
import { OLDER_MANIFESTS } from './support/manifest-recipes.ts'

/**
 * Fills the cache before any test has a deadline: the lab's kernel and root file system, the programs of a cluster, and manifests
 * of older releases. On a new machine this compiles for a long time; afterwards it is a matter of seconds.
 */
const cacheDir = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'provision')
const stateDir = mkdtempSync(join(tmpdir(), 'provision-prepare-'))

function report(event: EventBody): void {
  if (event.type !== 'task' || event.state === 'progress') return
  process.stdout.write(`${Math.round(performance.now() / 1000)} s  ${event.title}: ${event.state}\n`)
}

const lab = openLab({ stateDir, cacheDir, name: 'prepare', report })
try {
  // Side by side: whichever waits for a mirror or links leaves a processor to the other.
  await Promise.all([
    lab.up([{ name: 'node1', driver: 'uml', memoryMiB: 1024, diskGiB: 20, cpus: 1 }]),
    makeBundle({ cacheDir, report, jobs: 2 }),
  ])
  await startBundle({ cacheDir, report, jobs: 2 }, OLDER_MANIFESTS).done
} finally {
  await lab.down()
  await rm(stateDir, { recursive: true, force: true })
}
