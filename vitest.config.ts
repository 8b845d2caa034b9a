import { defineConfig } from 'vitest/config'
import { FileOrder } from './test/support/file-order.ts'

/** As long as a machine may take to be made from nothing, with everything it is made of. */
const MAKING_MS = 2_700_000

/** What machines do takes as long as it takes on a busy computer. */
const MACHINES = { testTimeout: 600_000, hookTimeout: MAKING_MS, fileParallelism: false, maxWorkers: 1 }

/**
 * Rings, each talking to more of the world than the one before. `pure` needs nothing but this tree; `host` talks to real
 * shells, sshd, systemd and package managers in namespaces of its own; `api` to an API server without a node; `machine` to
 * kernels of our own, `main` to a cluster that its files share; each one file at a time. `apart` is what does not fit into the
 * time `npm test` has.
 */
export default defineConfig({
  test: {
    sequence: { sequencer: FileOrder },
    projects: [
      {
        test: {
          name: 'pure',
          include: ['test/**/*.test.ts'],
          exclude: ['test/real/**'],
          testTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'host',
          include: ['test/real/{resources,transport,cli,cluster,render}/**/*.test.ts'],
          exclude: ['test/real/resources/machine.test.ts'],
          testTimeout: 600_000,
          hookTimeout: MAKING_MS,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'api',
          include: ['test/real/api/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 180_000,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'main',
          globalSetup: 'test/support/standing-lab.ts',
          include: ['test/real/main/**/*.test.ts'],
          ...MACHINES,
        },
      },
      {
        test: {
          name: 'machine',
          include: ['test/real/{bundle,lab,verify}/**/*.test.ts', 'test/real/resources/machine.test.ts'],
          ...MACHINES,
        },
      },
      {
        test: {
          name: 'apart',
          globalSetup: 'test/support/standing-lab.ts',
          include: ['test/real/apart/**/*.test.ts'],
          ...MACHINES,
        },
      },
    ],
  },
})
