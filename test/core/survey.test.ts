import { describe, expect, it } from 'vitest'
import type { Session } from '../../src/core/host.ts'
import { type Survey, survey, textOf } from '../../src/core/survey.ts'
import { LocalSession } from '../support/local-session.ts'

/** A script that is ready at once, tells what it is told, and is done when it is told to go. */
const TALKER = `mark begun
while read -r word rest; do
case $word in
open) printf 'hello %s\\n' "$rest"; mark listening ;;
clock) mark clock "$rest" 1000 ;;
go) printf 'with %s\\n' "$rest"; mark progress 1 2; mark probed ;;
esac
done
printf 'end\\n'`

const session = (host: string, script?: string): Session => {
  const local = new LocalSession(host)
  const run: Session['run'] = (given, options) => local.run(script ?? given, options)
  return new Proxy<Session>(local, { get: (target, key) => (key === 'run' ? run : Reflect.get(target, key, target)) })
}

function talk(sessions: readonly Session[], more: Partial<Survey> = {}) {
  let now = 100
  return survey({
    sessions,
    script: TALKER,
    opening: (host) => `open ${host}\n`,
    orders: (_host, ready) => `go ${[...ready.keys()].join(',')}\n`,
    clockOrder: (id) => `clock ${id}\n`,
    readyMs: 5000,
    probeMs: 5000,
    signal: new AbortController().signal,
    nowMs: () => (now += 10),
    ...more,
  })
}

describe('a survey', () => {
  it('sends nobody on before all are ready, costs one channel, and ends with the input', async () => {
    const sessions = ['a', 'b', 'c'].map((host) => new LocalSession(host))
    const answers = await talk(sessions)
    for (const { host, counters } of sessions) {
      const { outcome, ready, complete } = answers.get(host)!
      expect(textOf(outcome).split('\n').filter(Boolean)).toEqual([`hello ${host}`, 'with a,b,c', 'end'])
      expect(ready).toBe(`hello ${host}\n`)
      expect(complete).toBe(true)
      expect(outcome).toMatchObject({ kind: 'exited', code: 0 })
      expect(counters.channels).toBe(1)
    }
  })
  it('reads every clock three times, between two moments of ours', async () => {
    const answers = await talk([session('a')])
    expect(answers.get('a')?.clocks).toEqual([
      { askedMs: 110, heardMs: 120, hostMs: 1000 },
      { askedMs: 130, heardMs: 140, hostMs: 1000 },
      { askedMs: 150, heardMs: 160, hostMs: 1000 },
    ])
  })
  it('goes on without those that end, break or never get ready', async () => {
    const broken: Session = Object.assign(new LocalSession('broken'), {
      run: () => Promise.reject(new Error('sudo wants a password')),
    })
    const sessions = [session('a'), session('gone', 'mark begun; exit 3'), session('slow', 'mark begun; cat'), broken]
    const from = performance.now()
    const answers = await talk(sessions, { readyMs: 500 })
    expect(performance.now() - from).toBeLessThan(3000)
    expect(textOf(answers.get('a')!.outcome)).toContain('with a\n')
    expect(answers.get('gone')).toMatchObject({ outcome: { code: 3 }, ready: undefined, complete: false })
    expect(answers.get('slow')).toMatchObject({ ready: undefined, complete: false })
    expect(answers.get('broken')?.outcome).toEqual({ kind: 'refused', reason: 'sudo wants a password' })
  })
  it('waits no longer for answers than it was told to', async () => {
    const mute = TALKER.replace('mark probed', ':')
    const answers = await talk([session('a'), session('mute', mute)], { probeMs: 300 })
    expect(answers.get('a')?.complete).toBe(true)
    expect(answers.get('mute')).toMatchObject({ outcome: { kind: 'exited', code: 0 }, complete: false })
  })
  it('leaves out a host that gets no orders', async () => {
    const answers = await talk([session('a'), session('b')], { orders: (host) => (host === 'a' ? 'go\n' : undefined) })
    expect(answers.get('a')?.complete).toBe(true)
    expect(answers.get('b')).toMatchObject({ ready: 'hello b\n', complete: false })
  })
  it('says how far it is', async () => {
    const steps: string[] = []
    await talk([session('a'), session('b')], { onProgress: (done, total) => steps.push(`${done}/${total}`) })
    expect(steps.at(-1)).toBe('4/4')
  })
  it('stops when the user does', async () => {
    const stop = new AbortController()
    setTimeout(() => stop.abort(), 200)
    const from = performance.now()
    const slow = session('slow', 'mark begun; cat')
    await talk([slow], { signal: stop.signal, readyMs: 60_000, probeMs: 60_000 })
    expect(performance.now() - from).toBeLessThan(3000)
  })
})
