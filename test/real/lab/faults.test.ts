import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { command } from '../../../src/lab/local/command.ts'
import { withFileLock } from '../../../src/lab/local/lock.ts'
import { processesWith, small, type TestLab, testLab } from '../../support/test-lab.ts'

describe('what can go wrong with a lab', () => {
  let lab: TestLab

  beforeEach(async () => {
    lab = await testLab('fault-test')
  })
  afterEach(() => lab.remove())

  it('a machine that dies at boot: its last words, and nothing left after down', async () => {
    const spec = small('one', 'uml')
    const [machine] = await lab.open().up([spec])
    await command(['kill', '-KILL', String(machine?.process?.pid)], { deadlineMs: 5000 })
    await writeFile(join(machine?.folder ?? '', 'disk.img'), Buffer.alloc(2 ** 20)) // no file system in it
    await expect(lab.open().up([spec])).rejects.toMatchObject({
      trouble: {
        what: 'lab machine one (uml) ended before its sshd answered',
        where: join(lab.stateDir, 'fault-test/machines/one/console.log'),
        why: expect.stringMatching(/its console said last:\n.*Unable to mount root fs/s),
        fix: expect.stringContaining('provision lab down'),
      },
    })
    expect((await lab.open().list())[0]?.running).toBe(false)
    await lab.open().down()
    expect(await processesWith(lab.stateDir)).toEqual([])
  })

  it('more memory than there is: said before anything is made', async () => {
    const tooBig = small('one', 'uml', { memoryMiB: 100_000_000 })
    await expect(lab.open().up([tooBig])).rejects.toThrow(
      /asks for 100000000 MiB of memory, (this computer|\/dev\/shm) has room for \d+ MiB/,
    )
    expect(await lab.open().list()).toEqual([])
  })

  it('two runs at once: the second is told', async () => {
    const root = join(lab.stateDir, 'fault-test')
    await mkdir(root, { recursive: true })
    await withFileLock(`${root}.lock`, { waitMs: 0 }, async () => {
      await expect(lab.open().up([small('one', 'uml')])).rejects.toThrow(/another run has held .*fault-test\.lock/)
    })
  })

  it('a name that could be a path is refused', async () => {
    await expect(lab.open().ssh('../x')).rejects.toThrow(/no lab machine/)
    await expect(lab.open().up([small('../x', 'uml')])).rejects.toThrow(/cannot be the name of a machine/)
  })
})
