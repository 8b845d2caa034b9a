import { runOver, smallFiles, smallFilesScript } from '../support/file-run.ts'
import { Sshd } from '../support/sshd.ts'
import { medianMs, ms } from './measure.ts'

const FOLDER = '/etc/provision-bench'

/** What a run without a change costs, by sshd's own log. */
export async function* channels(rounds: number): AsyncGenerator<string> {
  const sshd = await Sshd.start({ setup: smallFilesScript(FOLDER, 1000) })
  try {
    for (const count of [1, 10, 1000]) {
      const before = sshd.sessions()
      let roundTrips = 0
      const time = await medianMs(rounds, async () => {
        const result = await runOver(sshd.target(), smallFiles(FOLDER, count), 'bench')
        if (result.verdict !== 'ok' || result.changed > 0) throw new Error(`it was no no-op: ${JSON.stringify(result)}`)
        roundTrips = result.counters.roundTrips
      })
      const each = (sshd.sessions() - before) / rounds
      const sftp = sshd.log().includes('sftp') ? 'with sftp' : 'no sftp'
      yield `${String(count).padStart(5)} files ${ms(time)}  ${each} channel(s), ${roundTrips} round trips, ${sftp}`
    }
  } finally {
    await sshd.stop()
  }
}
