import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import type { EventBody } from '../../src/core/events.ts'
import { type Fact, probe } from '../../src/core/fact.ts'
import type { Gate } from '../../src/core/host-run.ts'
import { movesBetween } from '../../src/core/plan.ts'
import { compile, type Play, play, section } from '../../src/core/play.ts'
import { quote } from '../../src/core/quote.ts'
import { later, type Resource, type ResourceType, requirement, resource } from '../../src/core/resource.ts'
import { run } from '../../src/core/run.ts'
import { Value } from '../../src/core/value.ts'
import { LocalSession } from '../support/local-session.ts'

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'provision-core-'))
})

/** The smallest real fact and resource: the one line of a file. */
const lineFact: Fact<string, string | undefined> = {
  name: 'line',
  id: (path) => path,
  script: (paths) => `for f in ${paths.map(quote).join(' ')}; do
  [ -e "$f" ] && { IFS= read -r l <"$f"; printf '%s\\tline\\t%s\\n' "$f" "$l"; }
done
:`,
  parse: (lines) => lines[0]?.[1],
}

interface Note {
  readonly path: string
  readonly text: string
  readonly body?: string
}

const noteType: ResourceType<Note, { line: string | undefined }> = {
  name: 'note',
  key: ({ path }) => `note:${path}`,
  probes: ({ path }) => [probe(lineFact, path)],
  observe: ({ path }, answers) => ({ line: answers.get(probe(lineFact, path)) }),
  diff: ({ text }, { line }) => (line === text ? [] : [{ what: '', from: line ?? 'absent', to: text }]),
  steps: ({ path, text, body }, { line }) =>
    line === text ? [] : [{ title: `write ${path}`, body: body ?? `printf '%s\\n' ${quote(text)} >${quote(path)}` }],
}

const note = (
  name: string,
  text: string,
  options: { after?: readonly `${string}:${string}`[]; body?: string } = {},
): Resource =>
  resource(
    noteType,
    { path: join(dir, name), text, ...(options.body === undefined ? {} : { body: options.body }) },
    options.after ? { after: options.after } : {},
  )
const key = (name: string) => `note:${join(dir, name)}` as const

const act: Gate = async () => 'act'
const stop: Gate = async () => 'stop'

async function runPlay(what: Play<{ name: string }>, gate: Gate, signal = new AbortController().signal) {
  const session = new LocalSession('h1')
  const events: EventBody[] = []
  const result = await run({
    run: 'test',
    hosts: [compile(what, { name: 'h1' })],
    connect: async () => session,
    gate,
    holder: { run: 'test', who: 'me', command: 'test', since: '' },
    report: (event) => events.push(event),
    clock: () => performance.now(),
    signal,
    forks: 5,
  })
  return { session, events, result, host: result.hosts[0]! }
}

const one = (...resources: Resource[]) => play('p', [section('One', 'one', () => resources)])

describe('run', () => {
  it('changes what differs, and a second run finds nothing and sends one script', async () => {
    const what = one(note('a', 'x'), note('b', 'y'))
    const first = await runPlay(what, act)
    expect(first.host).toMatchObject({ verdict: 'ok', changed: 2, unchanged: 0 })
    expect(readFileSync(join(dir, 'a'), 'utf8')).toBe('x\n')
    expect(first.session.locked).toBeDefined()
    const second = await runPlay(what, act)
    expect(second.host).toMatchObject({ verdict: 'ok', changed: 0, unchanged: 2 })
    expect(second.session.jobs).toHaveLength(0)
    expect(second.session.locked).toBeUndefined()
    expect(second.session.counters.channels).toBe(1)
  })

  it('sends the same one script for 1, 10 and 1000 resources', async () => {
    for (const count of [1, 10, 1000]) {
      const resources = Array.from({ length: count }, (_, i) => note(`n${i}`, String(i)))
      for (let i = 0; i < count; i++) writeFileSync(join(dir, `n${i}`), `${i}\n`)
      const { session, host } = await runPlay(one(...resources), act)
      expect(host.unchanged).toBe(count)
      expect(session.counters.channels).toBe(1)
    }
  })

  it('plans without touching anything when the gate says stop', async () => {
    const { result, session } = await runPlay(one(note('a', 'x')), stop)
    expect(result.plans[0]?.resources).toMatchObject([
      { key: key('a'), verdict: 'change', changes: [{ from: 'absent', to: 'x' }] },
    ])
    expect(session.jobs).toHaveLength(0)
    expect(() => readFileSync(join(dir, 'a'))).toThrow()
  })

  it('refuses a step when the world is no longer what the plan saw', async () => {
    writeFileSync(join(dir, 'a'), 'old\n')
    const meddle: Gate = async () => {
      writeFileSync(join(dir, 'a'), 'somebody else\n')
      return 'act'
    }
    const { host } = await runPlay(one(note('a', 'x')), meddle)
    expect(host).toMatchObject({ verdict: 'failed', failed: 1, changed: 0 })
    expect(host.failures[0]?.trouble.what).toContain('no longer what the plan saw')
    expect(readFileSync(join(dir, 'a'), 'utf8')).toBe('somebody else\n')
  })

  it('lets a step begin that waits for what has come meanwhile', async () => {
    const patient: ResourceType<Note, { line: string | undefined }> = { ...noteType, guards: () => [] }
    const meddle: Gate = async () => {
      writeFileSync(join(dir, 'a'), 'came by itself\n')
      return 'act'
    }
    const { host } = await runPlay(one(resource(patient, { path: join(dir, 'a'), text: 'x' })), meddle)
    expect(host).toMatchObject({ verdict: 'ok', changed: 1 })
  })

  it('reports a type whose steps do not lead to what they promised', async () => {
    const { host } = await runPlay(one(note('a', 'x', { body: 'true' })), act)
    expect(host).toMatchObject({ verdict: 'failed', failed: 1 })
    expect(host.failures[0]?.trouble.what).toContain('did not converge')
  })

  it('looks again at what comes after a change, and announces it as expected', async () => {
    const a = note('a', 'x', {
      body: `printf 'x\\n' >${quote(join(dir, 'a'))}; printf 'from a\\n' >${quote(join(dir, 'b'))}`,
    })
    const what = one(a, note('b', 'y', { after: [key('a')] }))
    const { host, result, session } = await runPlay(what, act)
    expect(result.plans[0]?.resources[1]).toMatchObject({
      verdict: 'expected',
      after: [key('a')],
      changes: [{ from: 'absent' }],
    })
    expect(host).toMatchObject({ verdict: 'ok', changed: 2 })
    expect(session.jobs).toHaveLength(2)
    expect(readFileSync(join(dir, 'b'), 'utf8')).toBe('y\n')
  })

  it('skips what comes after a failure, and later sections, but not its neighbours', async () => {
    const bad = note('a', 'x', { body: 'printf "no\\n"; exit 3' })
    const what = play('p', [
      section('One', 'one', () => [bad, note('b', 'y'), note('c', 'z', { after: [key('a')] })]),
      section('Two', 'two', () => [note('d', 'w')]),
    ])
    const { host } = await runPlay(what, act)
    expect(host).toMatchObject({ verdict: 'failed', failed: 1, changed: 1, skipped: 2 })
    expect(host.failures[0]).toMatchObject({ code: 3, lines: ['no'], key: key('a') })
    expect(readFileSync(join(dir, 'b'), 'utf8')).toBe('y\n')
    expect(() => readFileSync(join(dir, 'd'))).toThrow()
  })

  it('sends nothing of later sections once an earlier one has failed, whatever wave it was to be in', async () => {
    const bad = note('b', 'y', { after: [key('a')], body: 'exit 1' })
    const what = play('p', [
      section('One', 'one', () => [note('a', 'x'), bad]),
      section('Two', 'two', () => [note('c', 'z', { after: [key('a')] })]),
    ])
    const { host } = await runPlay(what, act)
    expect(host).toMatchObject({ verdict: 'failed', changed: 1, failed: 1, skipped: 1 })
    expect(() => readFileSync(join(dir, 'c'))).toThrow()
  })

  it('isolates a step with a syntax error', async () => {
    const { host } = await runPlay(one(note('a', 'x', { body: 'if then fi (' }), note('b', 'y')), act)
    expect(host).toMatchObject({ failed: 1, changed: 1 })
  })

  it('changes nothing on a host that does not meet a requirement', async () => {
    const finding = {
      id: 'nope',
      met: false,
      evidence: '1',
      threshold: '2',
      severity: 'required',
      fix: 'buy another',
    } as const
    const rule = requirement({ id: 'nope', title: 'Nope', probes: [], judge: () => finding })
    const { host, result, session } = await runPlay(one(rule, note('a', 'x')), act)
    expect(host).toMatchObject({ verdict: 'unmet', unmet: 1, changed: 0 })
    expect(result.exit).toBe(4)
    expect(session.jobs).toHaveLength(0)
  })

  it('does what it can while a value is being made, and the rest after', async () => {
    const { promise, resolve } = Promise.withResolvers<string>()
    const value = new Value('the build', promise)
    const what = play('p', [
      section('One', 'one', () => [note('a', 'x')]),
      section('Two', 'two', () => [later(key('b'), value, (text) => note('b', text))]),
    ])
    const gate: Gate = async (plan) => {
      expect(plan.resources[1]).toMatchObject({ verdict: 'later', after: ['the build'] })
      return 'act'
    }
    const running = runPlay(what, gate)
    setTimeout(() => resolve('made'), 300)
    const { host, events } = await running
    expect(host).toMatchObject({ verdict: 'ok', changed: 2 })
    expect(events.some((event) => event.type === 'waiting' && event.for === 'the build')).toBe(true)
    expect(readFileSync(join(dir, 'b'), 'utf8')).toBe('made\n')
  })

  it('fails what needs a value that could not be made, with the reason', async () => {
    const value = new Value<string>('the build', Promise.reject(new Error('no compiler')))
    const { host } = await runPlay(
      one(
        note('a', 'x'),
        later(key('b'), value, (text) => note('b', text)),
      ),
      act,
    )
    expect(host).toMatchObject({ verdict: 'failed', changed: 1, failed: 1 })
    expect(host.failures[0]?.trouble.what).toContain('no compiler')
  })

  it('restarts the machine in a wave of its own, and looks again after it', async () => {
    const restart: ResourceType<{ path: string }, { line: string | undefined }> = {
      name: 'restart',
      key: ({ path }) => `restart:${path}`,
      probes: ({ path }) => [probe(lineFact, path)],
      observe: ({ path }, answers) => ({ line: answers.get(probe(lineFact, path)) }),
      diff: (_want, { line }) =>
        line === 'new' ? [] : [{ what: 'boot', from: 'old', to: 'new', disrupts: 'restarts' }],
      steps: ({ path }, { line }) =>
        line === 'new' ? [] : [{ title: 'restart', body: `printf 'new\\n' >${quote(path)}`, reboots: true }],
    }
    const what = one(note('a', 'x'), resource(restart, { path: join(dir, 'boot') }), note('b', 'y'))
    const { host, session } = await runPlay(what, act)
    expect(host).toMatchObject({ verdict: 'ok', changed: 3 })
    expect(session.reboots).toBe(1)
    expect(session.jobs).toHaveLength(3)
  })

  it('keeps a bug of ours on one host', async () => {
    const broken = requirement({
      id: 'broken',
      title: 'Broken',
      probes: [],
      judge: () => {
        throw new RangeError('a bug')
      },
    })
    const { host } = await runPlay(one(broken), act)
    expect(host).toMatchObject({ verdict: 'failed' })
    expect(host.failures[0]?.trouble).toMatchObject({ why: 'this is a bug of provision' })
    expect(host.failures[0]?.trouble.what).toContain('RangeError: a bug')
  })

  it('names what moved between a saved plan and now', async () => {
    const what = one(note('a', 'x'), note('b', 'y'))
    writeFileSync(join(dir, 'b'), 'old\n')
    const saved = (await runPlay(what, stop)).result.plans[0]!
    writeFileSync(join(dir, 'b'), 'moved\n')
    const now = (await runPlay(what, stop)).result.plans[0]!
    expect(movesBetween(saved, saved)).toEqual([])
    expect(movesBetween(saved, now)).toMatchObject([{ key: key('b'), what: 'was it: old; is it: moved now' }])
  })
})

describe('compile', () => {
  it('refuses two owners of one key, naming both', () => {
    const twice = play('p', [
      section('One', 'one', () => [note('a', 'x')]),
      section('Two', 'two', () => [note('a', 'y')]),
    ])
    expect(() => compile(twice, { name: 'h' })).toThrow(/has two owners: "One" and "Two"/)
  })
  it('refuses an order that cannot be kept', () => {
    expect(() => compile(one(note('a', 'x', { after: [key('zz')] })), { name: 'h' })).toThrow(/comes after/)
  })
})
