import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Deferred } from '../../src/core/deferred.ts'
import type { EventBody } from '../../src/core/events.ts'
import { type Fact, probe } from '../../src/core/fact.ts'
import { type Compiled, compile, play, section } from '../../src/core/play.ts'
import { quote } from '../../src/core/quote.ts'
import { type Resource, type ResourceOptions, type ResourceType, resource } from '../../src/core/resource.ts'
import { run } from '../../src/core/run.ts'
import { Value } from '../../src/core/value.ts'
import { LocalSession } from '../support/local-session.ts'

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'provision-deferred-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

const textFact: Fact<string, string | undefined> = {
  name: 'text',
  id: (path) => path,
  script: (paths) =>
    `for f in ${paths.map(quote).join(' ')}; do [ ! -e "$f" ] || printf '%s\\ttext\\t%s\\n' "$f" "$(cat "$f")"; done`,
  parse: (lines) => lines[0]?.[1],
}

interface Want {
  readonly path: string
  readonly text: () => string
  readonly fails?: boolean
}

/** A file whose text may only be known when it is written. */
const textType: ResourceType<Want, { text: string | undefined }> = {
  name: 'text',
  key: ({ path }) => `text:${path}`,
  probes: ({ path }) => [probe(textFact, path)],
  observe: ({ path }, answers) => ({ text: answers.get(probe(textFact, path)) }),
  diff: (_want, { text }) => (text === undefined ? [{ what: '', from: 'absent', to: 'written' }] : []),
  steps: ({ path, text, fails }, have) =>
    have.text === undefined
      ? [{ title: 'write', body: fails ? 'exit 7' : `printf '%s' ${quote(text())} >${quote(path)}` }]
      : [],
}

function text(name: string, content: string | (() => string), options: ResourceOptions & { fails?: boolean } = {}) {
  const want = { path: join(dir, name), text: typeof content === 'string' ? () => content : content }
  return resource(textType, options.fails ? { ...want, fails: true } : want, options)
}

const written = (name: string) => readFileSync(join(dir, name), 'utf8')

function compiled(host: string, ...resources: readonly Resource[]): Compiled {
  return compile(play('p', [section('One', 'one', () => resources)]), { name: host })
}

async function runHosts(hosts: readonly Compiled[], { forks = 5, gate = 'act' as 'act' | 'stop', mayAct = true } = {}) {
  const events: EventBody[] = []
  const sessions = new Map(hosts.map(({ host }) => [host, new LocalSession(host)]))
  const result = await run({
    run: 'test',
    hosts,
    connect: async (host) => sessions.get(host) as LocalSession,
    gate: async () => gate,
    ...(mayAct ? { holder: { run: 'test', who: 'me', command: 'test', since: '' } } : {}),
    report: (event) => events.push(event),
    clock: () => performance.now(),
    signal: new AbortController().signal,
    forks,
  })
  const verdicts = Object.fromEntries(result.hosts.map(({ host, verdict }) => [host, verdict]))
  return { events, sessions, verdicts, result }
}

/** The text of a file of one host, for others. */
function given(name: string): Deferred<string> {
  return new Deferred(`the text of ${name}`, (answers) => answers.get(probe(textFact, join(dir, name))) ?? 'nothing')
}

describe('what one host makes for others', () => {
  it('is waited for by those with something to do, and read from the look that showed it', async () => {
    const token = given('a')
    const { verdicts, events } = await runHosts([
      compiled('one', text('a', 'secret', { gives: token })),
      compiled(
        'two',
        text('before', 'x'),
        text('b', () => `got ${token.value.get()}`, { until: token.value }),
      ),
    ])
    expect(verdicts).toEqual({ one: 'ok', two: 'ok' })
    expect([written('before'), written('b')]).toEqual(['x', 'got secret'])
    const plan = events.find((event) => event.type === 'plan' && event.host === 'two')
    expect(plan).toMatchObject({
      plan: { resources: [{ verdict: 'change' }, { verdict: 'later', after: ['the text of a'], changes: [{}] }] },
    })
  })

  it('keeps nobody waiting where nothing differs', async () => {
    writeFileSync(join(dir, 'b'), 'there')
    const never = new Deferred('never', () => '')
    const { verdicts, sessions } = await runHosts([compiled('two', text('b', 'x', { until: never.value }))])
    expect(verdicts).toEqual({ two: 'ok' })
    expect(sessions.get('two')?.scripts).toHaveLength(1)
  })

  it('is given where nothing had to be done too', async () => {
    writeFileSync(join(dir, 'a'), 'old')
    const token = given('a')
    await runHosts([
      compiled(
        'two',
        text('b', () => token.value.get(), { until: token.value }),
      ),
      compiled('one', text('a', 'x', { gives: token })),
    ])
    expect(written('b')).toBe('old')
  })

  it('fails those who need it when its host does, and leaves alone what says so', async () => {
    const token = given('a')
    const { verdicts, result } = await runHosts([
      compiled('one', text('a', 'x', { gives: token, fails: true })),
      compiled('two', text('b', 'x', { until: token.value })),
      compiled('three', text('c', 'x', { until: token.value, withoutIt: 'leave' }), text('d', 'x')),
    ])
    expect(verdicts).toEqual({ one: 'failed', two: 'failed', three: 'ok' })
    expect(result.hosts[1]?.failures[0]?.trouble.what).toContain('one has not come as far as')
    expect(written('d')).toBe('x')
  })

  it('never stops for want of a place: its host came first', async () => {
    const token = given('a')
    const waiting = Array.from({ length: 4 }, (_, i) => compiled(`w${i}`, text(`w${i}`, 'x', { until: token.value })))
    const { verdicts } = await runHosts([compiled('one', text('a', 'x', { gives: token })), ...waiting], { forks: 2 })
    expect(Object.values(verdicts)).toEqual(['ok', 'ok', 'ok', 'ok', 'ok'])
  })

  it('has its host visited only when somebody waits for it', async () => {
    const visit = async () => {
      const token = given('a')
      const lender = { ...compiled('one', text('a', 'secret', { gives: token })), onDemand: token.demanded }
      return runHosts(
        [
          lender,
          compiled(
            'two',
            text('b', () => token.value.get(), { until: token.value }),
          ),
        ],
        { forks: 1 },
      )
    }
    expect((await visit()).verdicts).toEqual({ one: 'ok', two: 'ok' })
    expect(written('b')).toBe('secret')
    expect((await visit()).verdicts).toEqual({ two: 'ok' })
  })

  it('has its host looked at for a plan in which somebody would wait for it, and for no other', async () => {
    const visit = async (mayAct: boolean) => {
      const token = given('a')
      const lender = { ...compiled('one', text('a', 'secret', { gives: token })), onDemand: token.demanded }
      const waits = text('b', () => token.value.get(), { until: token.value, after: [`text:${join(dir, 'c')}`] })
      return runHosts([lender, compiled('two', text('c', 'x'), waits)], { gate: 'stop', mayAct })
    }
    const { result, sessions, verdicts } = await visit(false)
    expect(verdicts).toEqual({ one: 'ok', two: 'ok' })
    expect(result.plans.find(({ host }) => host === 'one')?.resources).toMatchObject([{ verdict: 'change' }])
    expect(sessions.get('one')).toMatchObject({ jobs: [], locked: undefined, closed: true })
    // Somebody was asked and said no: then nobody else is looked at.
    expect((await visit(true)).verdicts).toEqual({ two: 'ok' })
    writeFileSync(join(dir, 'b'), 'there')
    expect((await visit(false)).verdicts).toEqual({ two: 'ok' })
  })

  it('is not waited for when nothing in the run makes it', async () => {
    const mapped = given('a').value.map((text) => text.length)
    const { verdicts, result } = await runHosts([compiled('two', text('b', 'x', { until: mapped }))])
    expect(verdicts).toEqual({ two: 'failed' })
    expect(result.hosts[0]?.failures[0]?.trouble.what).toBe('nothing in this run makes: the text of a')
  })

  it('is nothing a dry run waits for', async () => {
    const token = given('a')
    const hosts = [
      compiled('one', text('a', 'x', { gives: token })),
      compiled('two', text('b', 'x', { until: token.value })),
    ]
    expect((await runHosts(hosts, { gate: 'stop' })).verdicts).toEqual({ one: 'ok', two: 'ok' })
  })

  it('is made no sooner than somebody asks, also through a map', async () => {
    let made = 0
    const lazy: Value<number> = new Value('n', async () => ++made)
    const doubled = lazy.map((n) => n * 2)
    await Promise.resolve()
    expect([made, doubled.known]).toEqual([0, false])
    await doubled.promise
    expect([made, doubled.get()]).toEqual([1, 2])
  })
})
