import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { openLab } from '../../src/lab/lab.ts'
import { CACHE_DIR } from './test-lab.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where the lab that test files share keeps what it knows of its machines. */
    standingFolder: string
  }
}

export const STANDING_NAME = 'main-standing'

/** Before the first test of a run; what it returns comes after the last. */
export default async function provideStandingLab(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env.PROVISION_STANDING
  const folder = given ?? (await mkdtemp(join(tmpdir(), 'provision-standing-')))
  await mkdir(folder, { recursive: true })
  project.provide('standingFolder', folder)
  return async () => {
    if (given !== undefined) return
    const lab = openLab({
      stateDir: join(folder, 'state/provision/lab'),
      cacheDir: CACHE_DIR,
      name: STANDING_NAME,
      report: () => {},
    })
    await lab.down()
    await rm(folder, { recursive: true, force: true })
  }
}
