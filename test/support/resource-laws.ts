import { describe, expect, test } from 'vitest'
import type { AnyProbe } from '../../src/core/fact.ts'
import type { Outcome } from '../../src/core/host.ts'
import { lookScript } from '../../src/core/look.ts'
import { seenDigest } from '../../src/core/plan.ts'
import type { Resource } from '../../src/core/resource.ts'
import type { Step } from '../../src/core/step.ts'
import { type WaveItem, waveScript } from '../../src/core/wave.ts'
import { SHELLS, type Shell, TestHost } from './test-host.ts'

export interface LawsWant {
  /** Made anew for every host. In order; what they come `after` must be among them. */
  readonly want: () => readonly Resource[]
  /** The world before: sh, run as root on the fresh host. */
  readonly arrange?: string
  readonly drifts?: readonly Drift[]
  /** How many of the simple commands of each step are tried as the last one. Default: first, middle, last. */
  readonly kills?: 'some' | 'all'
  /** Shells it is tried in. Default: all. */
  readonly shells?: readonly Shell[]
  /** Another kind of host than the plain one. */
  readonly start?: (shell: Shell) => Promise<TestHost>
}

export interface Drift {
  readonly name: string
  /** What somebody does behind our back: sh. */
  readonly script: string
  /** What the plan must say of it: matched against its changes as JSON. */
  readonly says: RegExp
}

/** The laws every resource type keeps, tried on real hosts. */
export function resourceLaws(name: string, laws: LawsWant): void {
  const { want, drifts = [], shells = SHELLS } = laws
  describe(`${name} keeps the laws`, () => {
    test.each(shells)(
      'a plan leaves no trace, an apply keeps its promise, a second one does nothing (%s)',
      async (shell) => {
        await using host = await arranged(laws, shell)
        const fresh = await host.trace()
        const planned = await host.plan(want())
        expect(await host.trace()).toBe(fresh)
        const pending = planned.plan?.resources.filter(({ verdict }) => verdict !== 'same') ?? []
        expect(pending.length).toBeGreaterThan(0)

        expect((await host.up(want())).result).toMatchObject({ verdict: 'ok', failures: [] })
        const done = await host.trace()
        const again = await host.up(want())
        expect(again.result).toMatchObject({ verdict: 'ok', changed: 0, unchanged: want().length })
        expect(await host.trace()).toBe(done)
      },
    )

    test('every shell makes the same of it', async () => {
      const states = new Set<string>()
      for (const shell of shells) {
        await using host = await arranged(laws, shell)
        await host.up(want())
        states.add(await host.state())
      }
      expect(states.size).toBe(1)
    })

    test('facts asked together and one by one say the same, in every shell', async () => {
      await using host = await arranged(laws, 'dash')
      for (const _world of ['before', 'after']) {
        for (const shell of shells) {
          const { together, apart } = await answersTwice(host, want(), shell)
          expect(together).toEqual(apart)
          expect(together).toEqual((await answersTwice(host, want(), 'dash')).together)
        }
        await host.up(want())
      }
    })

    test('killed in any step, the next run ends where an undisturbed one does', async () => {
      await using reference = await arranged(laws, 'bash')
      await reference.up(want())
      const state = await reference.state()
      for (const point of await killPoints(laws)) {
        await using host = await arranged(laws, 'bash')
        await crash(host, want(), point)
        expect((await host.up(want())).result, `after ${JSON.stringify(point)}`).toMatchObject({
          verdict: 'ok',
          failures: [],
        })
        expect(await host.state(), `after ${JSON.stringify(point)}`).toBe(state)
        expect((await host.up(want())).result).toMatchObject({ verdict: 'ok', changed: 0 })
      }
    })

    if (drifts.length > 0)
      test('drift is found, named and mended', async () => {
        await using host = await arranged(laws, 'dash')
        await host.up(want())
        for (const { name, script, says } of drifts) {
          await host.sh(script)
          const { plan } = await host.plan(want())
          const changes = plan?.resources.flatMap((resource) => resource.changes)
          expect(JSON.stringify(changes), name).toMatch(says)
          expect((await host.up(want())).result, name).toMatchObject({ verdict: 'ok' })
          expect((await host.up(want())).result, name).toMatchObject({ changed: 0, unchanged: want().length })
        }
      })
  })
}

async function arranged({ arrange, start }: LawsWant, shell: Shell): Promise<TestHost> {
  const host = await (start ?? TestHost.start)(shell)
  if (arrange !== undefined) await host.sh(arrange)
  return host
}

/** Lines of all facts behind these resources, from one look and from a look for each probe. */
async function answersTwice(host: TestHost, resources: readonly Resource[], shell: Shell) {
  const unique = new Map<string, AnyProbe>()
  for (const probe of resources.flatMap(({ probes }) => probes))
    unique.set(`${probe.fact.name} ${probe.fact.id(probe.ask)}`, probe)
  const probes = [...unique.values()]
  const together = (await host.look(probes, shell)).identity(probes)
  const session = host.session(shell)
  const outcome = await session.run(probes.map((probe, i) => `mark probe ${i}\n${lookScript([probe])}`).join('\n'), {
    deadlineMs: 120_000,
    capBytes: 16 * 1024 * 1024,
  })
  if (outcome.kind !== 'exited') throw new Error(`the look ended so: ${JSON.stringify(outcome)}`)
  const apart = outcome.sections
    .flatMap(({ mark, text }) => (mark[0] === 'fact' ? text.split('\n').map((line) => [mark[1], line] as const) : []))
    .filter(([fact, line]) => line !== '' && !isVolatile(probes, fact ?? '', line))
    .map(([, line]) => line)
  return { together: together.toSorted(), apart: apart.toSorted() }
}

function isVolatile(probes: readonly AnyProbe[], fact: string, line: string): boolean {
  const field = line.split('\t')[1] ?? ''
  return probes.find((probe) => probe.fact.name === fact)?.fact.volatile?.includes(field) ?? false
}

interface KillPoint {
  readonly item: number
  readonly step: number
  /** Which simple command of the step, from 1, is not begun any more. */
  readonly command: number
}

/** Counts the simple commands of every step on one host, and chooses among them. */
async function killPoints(laws: LawsWant): Promise<readonly KillPoint[]> {
  await using host = await arranged(laws, 'bash')
  const { items: counted } = await wave(
    host,
    laws.want(),
    ({ body }, item, step) =>
      `p=$BASHPID; trap '[ $BASHPID != $p ] || printf . >>/run/provision/count-${item}-${step}' DEBUG; set -T; ${body}`,
  )
  const points: KillPoint[] = []
  for (const [item, { steps }] of counted.entries())
    for (const step of steps.keys()) {
      const count = Number(await host.sh(`wc -c </run/provision/count-${item}-${step} 2>/dev/null || printf 0`))
      const some = [1, Math.ceil(count / 2), count]
      const commands = laws.kills === 'all' ? Array.from({ length: count }, (_, i) => i + 1) : some
      for (const command of new Set(commands)) points.push({ item, step, command })
    }
  expect(points.length).toBeGreaterThan(0)
  return points
}

/** Runs the wave and, just before one command, kills its session and all that runs in it. */
async function crash(host: TestHost, resources: readonly Resource[], point: KillPoint): Promise<void> {
  const { outcome } = await wave(host, resources, ({ body }, item, step) =>
    item === point.item && step === point.step
      ? `p=$BASHPID left=${point.command}
trap '[ $BASHPID != $p ] || { left=$((left-1)); [ $left != 0 ] || kill -9 0; }' DEBUG; set -T; ${body}`
      : body,
  )
  expect(outcome.kind, `the wave was not killed at ${JSON.stringify(point)}`).toBe('lost')
}

/** The first wave of these resources, with its steps' bodies changed. */
async function wave(
  host: TestHost,
  resources: readonly Resource[],
  edit: (step: Step, item: number, index: number) => string,
): Promise<{ readonly items: readonly WaveItem[]; readonly outcome: Outcome }> {
  const probes = resources.flatMap((resource) => resource.probes)
  const seen = await host.look(probes)
  const closer = resources.flatMap((resource) => resource.closer(seen))
  const answers = closer.length === 0 ? seen : await host.look([...probes, ...closer])
  const items: WaveItem[] = []
  for (const resource of resources) {
    const decision = resource.decide(answers)
    if (decision.verdict !== 'differs') continue
    const seen = seenDigest(answers.identity(resource.guards))
    const steps = decision.steps.map((step, j) => ({ ...step, body: edit(step, items.length, j) }))
    items.push({ resource, steps, seen, section: 'Test' })
  }
  const session = host.session('bash')
  await session.upload(
    'test',
    items.flatMap(({ steps }) => steps).flatMap(({ blobs }) => blobs ?? []),
  )
  await host.sh('mkdir -p -m 0700 /run/provision')
  return { items, outcome: await session.run(waveScript('test', items, []), { deadlineMs: 120_000 }) }
}
