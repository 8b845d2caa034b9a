import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Event } from '../../../src/core/events.ts'
import { type Ended, eventsOf, describe as told } from '../../support/command-line.ts'
import { MainLab } from '../../support/main-lab.ts'
import { random } from '../../support/random.ts'

const LONG_MS = 3_600_000
/** Runs that are killed one after the other, wherever they are; PROVISION_FAULT_ROUNDS times, from bare machines each. */
const KILLS = Number(process.env.PROVISION_KILLED_RUNS ?? 10)
const ROUNDS = Number(process.env.PROVISION_FAULT_ROUNDS ?? 1)
const SEED = Number(process.env.PROVISION_SEED ?? 4)
/** How long a cable is out: longer than a connection waits for a sign of life. */
const CUT_MS = 60_000

const next = random(SEED)
/** One of `from` … `to`. */
const between = (from: number, to: number) => from + Math.floor(next() * (to - from + 1))

let lab: MainLab
beforeAll(async () => {
  lab = await MainLab.open('main-several-faults', [
    ['hosts', { cp1: { roles: ['control-plane'] }, w1: { roles: ['worker'] } }],
    ['lab.memory', '2G'],
    ['lab.lan', { mtu: 9000 }],
  ])
  const made = await lab.cli.run(['lab', 'up', lab.inventory])
  expect(made.code, told(made)).toBe(0)
  if (ROUNDS > 1) await lab.lab.snapshot('bare')
})
afterAll(async () => {
  await lab?.[Symbol.asyncDispose]()
})

/** `up`, with something done to it as soon as `when` is so. */
async function up(when: (event: Event) => boolean, then: (kill: () => void) => Promise<void> | void): Promise<Ended> {
  let done: Promise<void> | undefined
  const { child, ended } = lab.cli.start(['up', lab.inventory, '--yes', '--json'], {
    onEvent: (event) => {
      if (done === undefined && when(event)) done = Promise.resolve(then(() => child.kill('SIGKILL')))
    },
  })
  const result = await ended
  await done
  return result
}

/** The `count`-th step that is begun on a host. */
function stepOf(host: string, count: number): (event: Event) => boolean {
  let seen = 0
  return (event) => event.type === 'step' && event.host === host && ++seen === count
}

function nth(count: number): (event: Event) => boolean {
  let seen = 0
  return () => ++seen === count
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

async function cutFor(host: string): Promise<void> {
  await lab.lab.cut(host)
  await pause(CUT_MS)
  await lab.lab.mend(host)
}

const verdicts = (ended: Ended) => eventsOf(ended, 'host').map(({ host, result }) => [host, result.verdict])
const changes = (ended: Ended) => eventsOf(ended, 'host').reduce((sum, { result }) => sum + result.changed, 0)

describe.each(Array.from({ length: ROUNDS }, (_, round) => round))('round %i: two machines, from nothing', (round) => {
  test('whatever becomes of them and of us, the next run goes on, and the last one proves the cluster', {
    timeout: LONG_MS,
  }, async ({ annotate }) => {
    if (round > 0) await lab.lab.restore('bare')
    const log: string[] = []
    const note = async (text: string) => {
      log.push(text)
      process.stdout.write(`${text}\n`)
      await annotate(text)
    }
    for (let kill = 0; kill < KILLS; kill++) {
      const count = between(4, 90)
      const ended = await up(nth(count), (die) => die())
      await note(`killed with -9 at event ${count}: ${ended.events.at(-1)?.type}`)
    }

    const step = between(1, 3)
    const dark = await up(stepOf('cp1', step), async () => {
      await lab.lab.off('cp1')
      await lab.lab.on('cp1')
    })
    await note(`power of cp1 off and on in its step ${step}: exit ${dark.code}`)

    for (const host of ['w1', 'cp1']) {
      const nextStep = between(1, 3)
      let reached = false
      const cut = await up(stepOf(host, nextStep), () => {
        reached = true
        return cutFor(host)
      })
      await note(
        `${host} cut off for ${CUT_MS / 1000} s in its step ${nextStep}: ${reached ? '' : 'not reached, '}exit ${cut.code}`,
      )
    }

    const last = await up(
      () => false,
      () => undefined,
    )
    expect(last.code, `${log.join('\n')}\n${told(last)}`).toBe(0)
    expect(verdicts(last).toSorted(), log.join('\n')).toEqual([
      ['cp1', 'ok'],
      ['w1', 'ok'],
    ])
    const proof = eventsOf(last, 'resource').filter(({ resource }) => resource.section === 'Prove')
    expect(proof.length).toBeGreaterThanOrEqual(6)
    expect(proof.every(({ result }) => result === 'unchanged' || result === 'changed')).toBe(true)
    // 9000 of the lab's network, less 50 of VXLAN.
    for (const host of ['cp1', 'w1']) {
      const flannel = eventsOf(last, 'resource').find(
        (event) => event.host === host && event.resource.key === 'condition:flannel',
      )
      expect(flannel?.resource.note, host).toMatch(/MTU 8950$/)
    }
    const again = await up(
      () => false,
      () => undefined,
    )
    expect([again.code, changes(again)], told(again)).toEqual([0, 0])
    const left = 'ls -d /run/provision/*/blobs /run/provision/holder 2>/dev/null || :'
    for (const host of ['cp1', 'w1']) expect(await lab.sh(left, 60_000, host), host).toBe('')
  })
})
