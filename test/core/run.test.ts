import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { EventBody } from '../../src/core/events.ts'
import { type Fact, probe } from '../../src/core/fact.ts'
import { FactError } from '../../src/core/fact-error.ts'
import type { Gate } from '../../src/core/gate.ts'
import type { LockHolder } from '../../src/core/host.ts'
import { later } from '../../src/core/later.ts'
import { movesBetween } from '../../src/core/move.ts'
import { compile, type Play, play, section } from '../../src/core/play.ts'
import { quote } from '../../src/core/quote.ts'
import { requirement } from '../../src/core/requirement.ts'
import { type Resource, type ResourceType, resource } from '../../src/core/resource.ts'
import { run } from '../../src/core/run.ts'
import { Value } from '../../src/core/value.ts'
import { LocalSession } from '../support/local-session.ts'

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'provision-core-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

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

interface Circumstances {
  readonly session?: LocalSession
  readonly holder?: LockHolder | undefined
}

const ME: LockHolder = { run: 'test', who: 'me', command: 'test', since: '' }

async function runPlay(what: Play<{ name: string }>, gate: Gate, circumstances: Circumstances = {}) {
  const { session = new LocalSession('h1') } = circumstances
  const holder = 'holder' in circumstances ? circumstances.holder : ME
  const events: EventBody[] = []
  const result = await run({
    run: 'test',
    hosts: [compile(what, { name: 'h1' })],
    connect: async () => session,
    gate,
    ...(holder ? { holder } : {}),
    report: (event) => events.push(event),
    clock: () => performance.now(),
    signal: new AbortController().signal,
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
    expect(second.session.counters.channels).toBe(1)
  })

  it('locks the host before it looks, and only when it may change it', async () => {
    const seen: (string | undefined)[] = []
    class Watched extends LocalSession {
      override run(...[script, options]: Parameters<LocalSession['run']>) {
        seen.push(this.locked?.run)
        return super.run(script, options)
      }
    }
    const what = one(note('a', 'x'))
    await runPlay(what, stop, { session: new Watched('h1'), holder: undefined })
    await runPlay(what, act, { session: new Watched('h1') })
    expect(seen).toEqual([undefined, 'test'])
    const never = await runPlay(one(note('a', 'y')), act, { holder: undefined })
    expect(never.host.verdict).toBe('failed')
    expect(never.session.jobs).toHaveLength(0)
  })

  it('asks a costly fact once for all guards of a wave, and still sees that the world moved', async () => {
    const asked = join(dir, 'asked')
    const costly: Fact<string, string | undefined> = {
      ...lineFact,
      name: 'costly-line',
      costly: true,
      volatile: ['when'],
      parse: (lines) => lines.find(([field]) => field === 'line')?.[1],
      script: (paths) =>
        `printf 'asked\\n' >>${quote(asked)}\n${lineFact.script(paths)}\nprintf '%s\\twhen\\t%s\\n' ${quote(paths[0] ?? '')} "$(date +%N)"`,
    }
    const costlyType: ResourceType<Note, { line: string | undefined }> = {
      ...noteType,
      probes: ({ path }) => [probe(costly, path)],
      observe: ({ path }, answers) => ({ line: answers.get(probe(costly, path)) }),
    }
    const notes = ['a.*[b', 'a', 'b'].map((name) => resource(costlyType, { path: join(dir, name), text: 'x' }))
    const first = await runPlay(one(...notes), act)
    expect(first.host).toMatchObject({ verdict: 'ok', changed: 3 })
    // The first look, the guards of the wave, the look behind it.
    expect(readFileSync(asked, 'utf8').split('\n').length - 1).toBe(3)

    writeFileSync(join(dir, 'a'), 'another\n')
    writeFileSync(join(dir, 'b'), 'another\n')
    const meddle: Gate = async () => {
      writeFileSync(join(dir, 'b'), 'moved\n')
      return 'act'
    }
    const second = await runPlay(one(...notes), meddle)
    expect(second.result.hosts[0]).toMatchObject({ verdict: 'failed', changed: 1, failed: 1 })
    expect(readFileSync(join(dir, 'a'), 'utf8')).toBe('x\n')
    expect(readFileSync(join(dir, 'b'), 'utf8')).toBe('moved\n')
  })

  it('looks closer only where a first look cannot tell', async () => {
    const closeFact: Fact<string, string | undefined> = { ...lineFact, name: 'close-line' }
    const closeType: ResourceType<Note, { line: string | undefined }> = {
      ...noteType,
      closer: ({ path, text }, answers) =>
        answers.get(probe(lineFact, path)) === text ? [] : [probe(closeFact, path)],
      observe: ({ path, text }, answers) => {
        const line = answers.get(probe(lineFact, path))
        return { line: line === text ? line : answers.get(probe(closeFact, path)) }
      },
    }
    const what = one(resource(closeType, { path: join(dir, 'a'), text: 'x' }))
    const first = await runPlay(what, act)
    expect(first.host).toMatchObject({ verdict: 'ok', changed: 1 })
    expect(first.session.scripts).toHaveLength(2)
    const second = await runPlay(what, act)
    expect(second.host).toMatchObject({ verdict: 'ok', unchanged: 1 })
    expect(second.session.scripts).toHaveLength(1)
  })

  it('keeps a first look that cannot be read to the resource that needs it', async () => {
    const broken: Fact<string, string | undefined> = {
      ...lineFact,
      name: 'broken-line',
      parse: () => {
        throw new FactError('broken-line', 'it is not a line')
      },
    }
    const brokenType: ResourceType<Note, { line: string | undefined }> = {
      ...noteType,
      name: 'broken-note',
      key: ({ path }) => `broken-note:${path}`,
      probes: ({ path }) => [probe(broken, path)],
      observe: ({ path }, answers) => ({ line: answers.get(probe(broken, path)) }),
      closer: ({ path }, answers) => (answers.get(probe(broken, path)) === 'x' ? [probe(lineFact, path)] : []),
    }
    const what = one(resource(brokenType, { path: join(dir, 'a'), text: 'x' }), note('b', 'y'))
    const { host, result } = await runPlay(what, act)
    expect(host).toMatchObject({ verdict: 'failed', changed: 1 })
    expect(JSON.stringify(result)).toContain('it is not a line')
    expect(readFileSync(join(dir, 'b'), 'utf8')).toBe('y\n')
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

  it('plans again, of the same look, when the gate knows something new, and tells of what changed', async () => {
    const news: { text?: string } = {}
    const depends = { ...noteType, diff: (want: Note, have: { line: string | undefined }) => differs(want, have) }
    const differs = ({ path }: Note, have: { line: string | undefined }) =>
      noteType.diff({ path, text: news.text ?? 'old' }, have)
    const steps: typeof noteType.steps = ({ path }, have) => noteType.steps({ path, text: news.text ?? 'old' }, have)
    const path = join(dir, 'a')
    writeFileSync(path, 'old\n')
    const what = play('test', [section('A', 'a', () => [resource({ ...depends, steps }, { path, text: '' })])])
    const plans: string[][] = []
    const gate: Gate = async ({ resources }) => {
      plans.push(resources.map(({ verdict }) => verdict))
      if (news.text !== undefined) return 'act'
      news.text = 'new'
      return 'again'
    }
    const session = new LocalSession('h1')
    const { result, events } = await runPlay(what, gate, { session })
    expect(plans).toEqual([['same'], ['change']])
    expect(events.filter(({ type }) => type === 'plan')).toHaveLength(2)
    expect(result.hosts[0]).toMatchObject({ verdict: 'ok', changed: 1 })
    expect(readFileSync(path, 'utf8')).toBe('new\n')
    // The look, and the wave: nothing was asked for the second plan.
    expect(session.counters.channels).toBe(2)
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

  describe('held to a printed plan', () => {
    const aThen = (text: string) =>
      note('a', 'x', {
        body: `printf 'x\\n' >${quote(join(dir, 'a'))}; printf '%s\\n' ${text} >${quote(join(dir, 'b'))}`,
      })
    const exactly: Gate = async (plan) => ({ exactly: plan })

    it('does what was expected, and what was to be known later', async () => {
      const value = new Value('the build', new Promise<string>((resolve) => setTimeout(() => resolve('made'), 50)))
      const what = one(
        aThen('else'),
        note('b', 'y', { after: [key('a')] }),
        later(key('c'), value, (text) => note('c', text)),
      )
      const { host, result } = await runPlay(what, exactly)
      expect(result.plans[0]?.resources.map(({ verdict }) => verdict)).toEqual(['change', 'expected', 'later'])
      expect(host).toMatchObject({ verdict: 'ok', changed: 3 })
      expect(readFileSync(join(dir, 'b'), 'utf8')).toBe('y\n')
    })

    it('refuses what nobody printed, and what comes after it, and says both', async () => {
      writeFileSync(join(dir, 'b'), 'y\n')
      const what = play('p', [
        section('One', 'one', () => [aThen('else'), note('b', 'y', { after: [key('a')] }), note('d', 'z')]),
        section('Two', 'two', () => [note('c', 'w')]),
      ])
      const { host, result } = await runPlay(what, exactly)
      expect(result.plans[0]?.resources[1]).toMatchObject({ verdict: 'expected', changes: [] })
      expect(host).toMatchObject({ verdict: 'moved', changed: 2, failed: 1, skipped: 1 })
      expect(result.exit).toBe(7)
      expect(host.failures).toMatchObject([{ key: key('b') }])
      expect(host.failures[0]?.trouble.what).toContain('was planned as no change; it is it: else → y by write')
      expect(readFileSync(join(dir, 'b'), 'utf8')).toBe('else\n')
      expect(() => readFileSync(join(dir, 'c'))).toThrow()
    })

    it('knows a step again although it was measured anew', async () => {
      let figure = 0
      const measured: ResourceType<Note, { line: string | undefined }> = {
        ...noteType,
        steps: ({ path }, { line }) =>
          line === 'x'
            ? []
            : [{ title: 'keep it', measured: [`of ${++figure}`], body: `echo x >${quote(path)} # of ${figure}` }],
      }
      const what = () => one(resource(measured, { path: join(dir, 'a'), text: 'x' }))
      const saved = (await runPlay(what(), stop)).result.plans[0]!
      const { host } = await runPlay(what(), async (now) => {
        expect(movesBetween(saved, now)).toEqual([])
        return { exactly: saved }
      })
      expect(host).toMatchObject({ verdict: 'ok', changed: 1 })
      expect(figure).toBeGreaterThan(1)
    })
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
