import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { debianMirror, keyringFor } from '../../../src/lab/debian/archive.ts'
import { ensurePackages, missingPackages } from '../../../src/lab/debian/packages.ts'
import { command } from '../../../src/lab/local/command.ts'

const LAB = resolve(import.meta.dirname, '../../../src/lab')
/** In no Debian release: whoever tries to install it fails, so it can never be there. */
const NOBODY_HAS = 'provision-test-no-such-package'

/** Runs module text as a user who may nothing. */
async function asNobody(script: string) {
  const nobody = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups']
  return command([...nobody, process.execPath, '--input-type=module', '--eval', script], { deadlineMs: 60_000 })
}

describe('Debian packages', () => {
  it('are missing when dpkg does not have them configured', async () => {
    expect(await missingPackages(['dpkg', NOBODY_HAS, 'apt'])).toEqual([NOBODY_HAS])
  })
  it('that are there are not installed again, and nothing is said', async () => {
    const events: unknown[] = []
    await ensurePackages(['dpkg', 'apt'], (event) => events.push(event))
    expect(events).toEqual([])
  })
  it('that do not exist fail with what apt said, after saying what was to be installed', async () => {
    const titles: string[] = []
    const attempt = ensurePackages([NOBODY_HAS], (event) => event.type === 'task' && titles.push(event.title))
    await expect(attempt).rejects.toMatchObject({ trouble: { why: expect.stringContaining(NOBODY_HAS) } })
    expect(titles[0]).toBe(`Install Debian packages: ${NOBODY_HAS}`)
  })
  it('are refused to anybody but root, with the command to run', async () => {
    const { stdout } = await asNobody(`
import { ensurePackages } from ${JSON.stringify(`${LAB}/debian/packages.ts`)}
await ensurePackages(['${NOBODY_HAS}'], () => {}).catch((error) => console.log(error.trouble.fix))`)
    const argv = `apt-get install --yes --no-remove --no-install-recommends ${NOBODY_HAS}`
    expect(stdout).toBe(`sudo ${argv}\n`)
  })
  it('come from the mirror this machine itself uses', async () => {
    const mirror = await debianMirror()
    const policy = (await command(['apt-cache', 'policy'], { deadlineMs: 30_000 })).stdout
    expect(policy).toContain(mirror.uri)
    expect(mirror.suite).toMatch(/^[a-z]+$/)
  })
})

describe('a keyring that is too old for a suite', () => {
  it('is replaced by the one of the suite of this machine, for this use only', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lab-keyring-'))
    try {
      const mirror = await debianMirror()
      // Signs the releases of this machine's own suite, and nothing newer.
      const old = `/usr/share/keyrings/debian-archive-${mirror.suite}-stable.gpg`
      const keyring = await keyringFor(folder, mirror, 'forky', old)
      expect(keyring.startsWith(folder)).toBe(true)
      expect(await keyringFor(folder, mirror, 'forky', keyring)).toBe(keyring) // apt accepts what it signs
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})

describe('machines', () => {
  it('are not possible for anybody but root, and say so', async () => {
    const { stdout } = await asNobody(`
import { umlPossible } from ${JSON.stringify(`${LAB}/uml/uml-driver.ts`)}
console.log(JSON.stringify(await umlPossible()))`)
    expect(JSON.parse(stdout)).toEqual({
      ok: false,
      why: 'making a network namespace takes root',
      fix: 'run the same command with sudo',
    })
  })
})
