import { type Ended, eventsOf } from '../support/command-line.ts'
import { MainLab } from '../support/main-lab.ts'
import { ms } from './measure.ts'

/** The README's first command on a machine of its own: from nothing, and when nothing is left to do. */
export async function* mainJob(rounds: number): AsyncGenerator<string> {
  await using lab = await MainLab.open('bench-main')
  const up = () => timed(() => lab.cli.json(['up', lab.inventory, '--yes']))
  const first = await up()
  yield `from nothing, warm cache ${ms(first.time)}`
  yield* parts(first.ended)
  await lab.logSessions()
  for (let round = 0; round < rounds; round++) {
    let again = first
    const { channels, sftp } = await lab.sessionsDuring(async () => {
      again = await up()
    })
    yield `nothing to do ${ms(again.time)}, ${channels} session channel(s), ${sftp} sftp`
    if (round === rounds - 1) yield* parts(again.ended)
  }
}

/** The same on a new machine: everything is compiled and installed first. */
export async function* coldStart(): AsyncGenerator<string> {
  await using lab = await MainLab.open('bench-cold', [], { cold: true })
  const { ended, time } = await timed(() => lab.cli.json(['up', lab.inventory, '--yes']))
  yield `from nothing, empty cache ${ms(time)}`
  for (const event of eventsOf(ended, 'task')) {
    if (event.state === 'ok' && (event.ms ?? 0) > 5000) yield `  ${ms(event.ms ?? 0)}  ${event.title}`
  }
  yield* parts(ended)
}

async function timed(body: () => Promise<Ended>): Promise<{ readonly ended: Ended; readonly time: number }> {
  const begin = performance.now()
  const ended = await body()
  if (ended.code !== 0) throw new Error(`exit ${ended.code}: ${ended.stderr}`)
  return { ended, time: performance.now() - begin }
}

/** The critical path, as the run itself tells it. */
function parts(ended: Ended): readonly string[] {
  const [end] = eventsOf(ended, 'end')
  return (end?.criticalPath ?? []).map(({ what, fromMs, toMs }) => `  ${ms(toMs - fromMs)}  ${what}`)
}
