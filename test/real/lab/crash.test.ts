import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CACHE_DIR, outputOf, processesWith, small, type TestLab, testLab } from '../../support/test-lab.ts'

const LAB = resolve(import.meta.dirname, '../../../src/lab/lab.ts')
const SPEC = small('one', 'uml', {
  network: { mtu: 1500, wan: { delayMs: 5 }, links: { two: { blocked: ['tcp/22'] } } },
})

describe('a run killed while it makes a machine', () => {
  let lab: TestLab

  beforeEach(async () => {
    lab = await testLab('crash-test')
  })
  afterEach(() => lab.remove())

  /** `lab up` in a process of its own that is killed, without a chance to tidy, at an event. */
  async function upKilledAt(id: string, state: string): Promise<void> {
    const script = `
import { openLab } from ${JSON.stringify(LAB)}
const report = (event) => {
  if (event.id === '${id}' && event.state === '${state}') process.kill(process.pid, 'SIGKILL')
}
const lab = openLab({ stateDir: '${lab.stateDir}', cacheDir: '${CACHE_DIR}', name: 'crash-test', report })
await lab.up([${JSON.stringify(SPEC)}])`
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: 'inherit' })
    const [, signal] = await once(child, 'close')
    expect(signal).toBe('SIGKILL')
  }

  it.each([
    ['lab/one/make', 'start'],
    ['lab/one/make', 'ok'],
    ['lab/one/boot', 'progress'],
    ['lab/one/boot', 'ok'],
    ['lab/one/network', 'start'],
    ['lab/one/network', 'ok'],
  ])('at %s %s needs nothing but another run', async (id, state) => {
    await upKilledAt(id, state)
    await lab.open().up([SPEC])
    expect(await lab.ask('one', 'systemctl is-system-running --wait; hostname')).toBe('running\none')
    expect(await lab.ask('one', 'tc qdisc show')).toMatch(/netem .*delay 5ms/)
    const kernels = async () => {
      const all = await processesWith(`${lab.stateDir}/crash-test/machines/one/launch`)
      return all.filter((line) => !line.includes('uml-userspace'))
    }
    // A process of the machine is called like its kernel until it has begun; a second kernel would stay.
    await expect.poll(kernels).toHaveLength(1)
    await lab.open().down()
    expect(await processesWith(lab.stateDir)).toEqual([])
    expect(await outputOf('ip', 'netns', 'list')).not.toContain('provision-crash-test-')
  })
})
