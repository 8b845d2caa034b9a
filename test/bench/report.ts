import { largeMatrices, largeRun } from '../support/large-run.ts'
import { reportOf } from '../support/report-of.ts'
import { medianMs, ms } from './measure.ts'

const LIMIT_MS = 2000
const LIMIT_MB = 5

/** Time and size of reports of made-up runs in which every host has figures of its own. */
export async function* report(rounds: number): AsyncGenerator<string> {
  for (const hosts of [3, 300]) {
    const events = largeRun(hosts)
    const matrices = largeMatrices(hosts)
    let page = ''
    const median = await medianMs(rounds, async () => {
      page = reportOf(events, { matrices })
    })
    const size = (Buffer.byteLength(page) / 1e6).toFixed(2)
    yield `${ms(median)}  ${size} MB  ${hosts} hosts (goal: below ${LIMIT_MS} ms and ${LIMIT_MB} MB)`
  }
}
