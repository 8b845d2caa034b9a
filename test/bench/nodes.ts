import { command } from '../../src/lab/local/command.ts'
import { type Ended, eventsOf } from '../support/command-line.ts'
import { MainLab } from '../support/main-lab.ts'
import { handFolder } from './by-hand.ts'
import { ms } from './measure.ts'

const HOSTS = ['cp1', 'w1', 'w2']
/** The machines of inventory/lab.yaml. */
const THREE = [
  [
    'hosts',
    { cp1: { roles: ['control-plane'], lab: { memory: '3G' } }, w1: { roles: ['worker'] }, w2: { roles: ['worker'] } },
  ],
  ['lab.memory', '2G'],
] as const
const HAND_DEADLINE_MS = 1_800_000

/** Three machines become a cluster: by `provision up`, and by somebody who types the same steps; each on fresh machines. */
export async function* nodes(): AsyncGenerator<string> {
  const ours = yield* byProvision()
  const hand = yield* byHand()
  yield `provision / by hand: ${(ours / hand).toFixed(2)} (goal: 1.15)`
}

async function* byProvision(): AsyncGenerator<string, number> {
  await using lab = await MainLab.open('bench-nodes', THREE)
  const machines = await timed(() => lab.cli.json(['lab', 'up', lab.inventory]))
  const first = await timed(() => lab.cli.json(['up', lab.inventory, '--yes']))
  yield `from nothing, warm cache ${ms(machines.time + first.time)} (goal: 6 min), of it machines ${ms(machines.time)}`
  const [end] = eventsOf(first.ended, 'end')
  for (const { what, host, fromMs, toMs } of end?.criticalPath ?? [])
    yield `  ${ms(toMs - fromMs)}  ${host === undefined ? '' : `${host}: `}${what}`
  for (const host of HOSTS) await lab.logSessions(host)
  const seen = new Map<string, number>()
  let again = first
  const run = async (hosts: readonly string[]): Promise<void> => {
    const [host, ...rest] = hosts
    if (host === undefined) again = await timed(() => lab.cli.json(['up', lab.inventory, '--yes']))
    else seen.set(host, (await lab.sessionsDuring(() => run(rest), host)).channels)
  }
  await run(HOSTS)
  const changed = eventsOf(again.ended, 'host').reduce((sum, { result }) => sum + result.changed, 0)
  const channels = [...seen].map(([host, count]) => `${host} ${count}`).join(', ')
  yield `a second time ${ms(again.time)}, ${changed} changes; session channels: ${channels} (goal: 2)`
  return first.time
}

async function* byHand(): AsyncGenerator<string, number> {
  await using lab = await MainLab.open('bench-by-hand', THREE)
  await timed(() => lab.cli.json(['lab', 'up', lab.inventory]))
  const folder = await handFolder(lab)
  const begin = performance.now()
  const ended = await command(['bash', `${folder}/by-hand.sh`, folder], { deadlineMs: HAND_DEADLINE_MS })
  const time = performance.now() - begin
  if (ended.code !== 0) throw new Error(`by hand: ${ended.stdout}${ended.stderr}`)
  yield `by hand ${ms(time)}`
  let before = 0
  for (const line of ended.stdout.trim().split('\n')) {
    const [seconds = '', what = ''] = line.split('\t')
    yield `  ${ms((Number(seconds) - before) * 1000)}  ${what}`
    before = Number(seconds)
  }
  return time
}

async function timed(body: () => Promise<Ended>): Promise<{ readonly ended: Ended; readonly time: number }> {
  const begin = performance.now()
  const ended = await body()
  if (ended.code !== 0) throw new Error(`exit ${ended.code}: ${ended.stderr}`)
  return { ended, time: performance.now() - begin }
}
