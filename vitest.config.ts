import { defineConfig } from 'vitest/config'

/** Rings of design: `pure` needs nothing but this tree; `real` talks to sshd, systemd, kernels and clusters of our own. */
export default defineConfig({
  test: {
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
          name: 'real',
          include: ['test/real/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 600_000,
          // Machines and daemons share two processors: one file at a time.
          fileParallelism: false,
          maxWorkers: 1,
        },
      },
    ],
  },
})
