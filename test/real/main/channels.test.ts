import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { directory } from '../../../src/resources/directory.ts'
import { runOver, smallFiles, smallFilesScript } from '../../support/file-run.ts'
import { Sshd } from '../../support/sshd.ts'

const FOLDER = '/etc/provision-channels'

let sshd: Sshd
beforeAll(async () => {
  sshd = await Sshd.start({ setup: smallFilesScript(FOLDER, 1000) })
})
afterAll(() => sshd?.stop())

async function unchanged(count: number) {
  const logged = sshd.log().length
  const before = sshd.sessions()
  const result = await runOver(sshd.target(), smallFiles(FOLDER, count), `look-${count}`)
  return { result, channels: sshd.sessions() - before, log: sshd.log().slice(logged) }
}

describe('a run that changes nothing costs the same whatever there is to look at', () => {
  test('1, 10 and 1000 resources: one login, at most two channels, no sftp, the same round trips', async () => {
    const roundTrips: number[] = []
    for (const count of [1, 10, 1000]) {
      const { result, channels, log } = await unchanged(count)
      expect(result).toMatchObject({ verdict: 'ok', changed: 0, unchanged: count })
      expect(channels).toBeLessThanOrEqual(2)
      expect(result.counters.channels).toBe(channels)
      expect(log).not.toContain('sftp')
      expect(log.match(/Accepted publickey/g)).toHaveLength(1)
      roundTrips.push(result.counters.roundTrips)
    }
    expect(new Set(roundTrips).size).toBe(1)
  })

  test('a run that changes a hundred opens no channel for each', async () => {
    const other = `${FOLDER}/other`
    const before = sshd.sessions()
    const result = await runOver(sshd.target(), [directory({ path: other }), ...smallFiles(other, 100)], 'change')
    expect(result).toMatchObject({ verdict: 'ok', changed: 101 })
    // Look, lock, upload, and the wave with the look that proves it.
    expect(sshd.sessions() - before).toBeLessThanOrEqual(5)
    expect(sshd.log()).not.toContain('sftp')
  })
})
