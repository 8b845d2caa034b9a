import { describe, expect, it } from 'vitest'
import { AskOnce, asSaved, Turnstile } from '../../src/cli/gates.ts'
import { Meeting } from '../../src/cli/meeting.ts'
import { MovedError } from '../../src/core/errors.ts'
import { answersOf } from '../../src/core/fact.ts'
import type { Finding } from '../../src/core/finding.ts'
import type { Gate } from '../../src/core/gate.ts'
import type { Session } from '../../src/core/host.ts'
import type { HostPlan, PlannedResource } from '../../src/core/plan.ts'
import { planned } from '../support/run-events.ts'

const planOf = (host: string, ...resources: readonly PlannedResource[]): HostPlan => ({
  host,
  hostKey: 'SHA256:x',
  resources,
})
const change = planned('file:/x', {
  verdict: 'change',
  changes: [{ what: 'text', from: 'a', to: 'b' }],
  seen: '1',
  steps: [{ title: 's', sha256: '2' }],
})
const quiet = (host: string) => planOf(host, planned('file:/x'))
const busy = (host: string) => planOf(host, change)
const APART: Finding = { id: 'peer-ports', met: false, evidence: 'x', threshold: 'y', severity: 'required' }
const NOTHING = answersOf(new Map())

describe('AskOnce', () => {
  it('asks when the last host has arrived, with the plans that change something', async () => {
    const asked: string[][] = []
    const once = new AskOnce(['a', 'b', 'c', 'd'], async (plans) => {
      asked.push(plans.map(({ host }) => host))
      return true
    })
    const a = once.gate(busy('a'), NOTHING)
    const b = once.gate(quiet('b'), NOTHING)
    await expect(b).resolves.toBe('act')
    once.arrived('c')
    expect(asked).toEqual([])
    const d = once.gate(busy('d'), NOTHING)
    await expect(Promise.all([a, d])).resolves.toEqual(['act', 'act'])
    once.arrived('c')
    once.arrived('a')
    expect(asked).toEqual([['a', 'd']])
  })
  it('asks nothing when nothing changes', async () => {
    const once = new AskOnce(['a', 'b'], () => Promise.reject(new Error('nobody is to be asked')))
    const a = once.gate(quiet('a'), NOTHING)
    once.arrived('b')
    await expect(a).resolves.toBe('act')
  })
  it('stops every host after a no', async () => {
    const once = new AskOnce(['a', 'b'], async () => false)
    await expect(Promise.all([once.gate(busy('a'), NOTHING), once.gate(busy('b'), NOTHING)])).resolves.toEqual([
      'stop',
      'stop',
    ])
  })
})

describe('asSaved', () => {
  const saved = { format: 1, version: '1', inventory: '', hosts: [busy('a')] } as const

  it('acts on a host that is still as it was', async () => {
    await expect(asSaved(saved)(busy('a'), NOTHING)).resolves.toEqual({ exactly: busy('a') })
  })
  it.each<[string, HostPlan, RegExp]>([
    ['another state', planOf('a', { ...change, seen: '9' }), /file:\/x is not what the plan saw/],
    ['other steps', planOf('a', { ...change, steps: [] }), /needs other steps/],
    ['another machine', { ...busy('a'), hostKey: 'SHA256:y' }, /host key was SHA256:x, is SHA256:y/],
    ['something more to do', planOf('a', change, planned('file:/y')), /file:\/y is not in the saved plan/],
    ['a host nobody planned', busy('b'), /b is not in the saved plan/],
  ])('refuses %s', async (_name, now, says) => {
    await expect(asSaved(saved)(now, NOTHING)).rejects.toThrow(MovedError)
    await expect(asSaved(saved)(now, NOTHING)).rejects.toThrow(says)
  })
})

describe('Turnstile', () => {
  it('lets so many in at once; who waits for an answer is outside', async () => {
    const turnstile = new Turnstile(2)
    let inside = 0
    let most = 0
    const connect = turnstile.connect(async () => {
      most = Math.max(most, ++inside)
      return {} as Session
    })
    const answer = Promise.withResolvers<'act'>()
    const gate = turnstile.gate(() => answer.promise)
    const signal = new AbortController().signal
    const host = async (name: string) => {
      await connect(name, signal)
      inside--
      await gate(planOf(name), NOTHING)
      most = Math.max(most, ++inside)
      await new Promise((resolve) => setImmediate(resolve))
      inside--
      turnstile.leave(name)
    }
    const all = Promise.all(['a', 'b', 'c', 'd', 'e'].map(host))
    setTimeout(() => answer.resolve('act'), 20)
    await all
    expect(most).toBe(2)
  })
  it('forgets a host that leaves twice', async () => {
    const turnstile = new Turnstile(1)
    const connect = turnstile.connect(async () => ({}) as Session)
    const signal = new AbortController().signal
    await connect('a', signal)
    turnstile.leave('a')
    turnstile.leave('a')
    await connect('b', signal)
    let third = false
    const waiting = connect('c', signal).then(() => {
      third = true
    })
    await new Promise((resolve) => setImmediate(resolve))
    expect(third).toBe(false)
    turnstile.leave('b')
    await waiting
  })
})

describe('Meeting', () => {
  const session = {} as Session
  const act: Gate = async () => 'act'

  it('judges once all are there, and leaves the unfit alone', async () => {
    const seen: string[][] = []
    const meeting = new Meeting(['a', 'b', 'c'], async (present) => {
      seen.push([...present.keys()])
      return { unfit: new Map([['b', [APART]]]), isNews: false }
    })
    const gate = meeting.gate(act, () => session)
    const a = gate(busy('a'), NOTHING)
    const b = gate(busy('b'), NOTHING)
    expect(seen).toEqual([])
    meeting.arrived('c')
    await expect(Promise.all([a, b])).resolves.toEqual(['act', { unfit: [APART] }])
    meeting.arrived('a')
    expect(seen).toEqual([['a', 'b']])
  })
  it('has plans made anew where there are news, once', async () => {
    const meeting = new Meeting(['a'], async () => ({ unfit: new Map(), isNews: true }))
    const gate = meeting.gate(act, () => session)
    await expect(gate(busy('a'), NOTHING)).resolves.toBe('again')
    await expect(gate(busy('a'), NOTHING)).resolves.toBe('act')
  })
  it('keeps nobody who is visited for the sake of others', async () => {
    const meeting = new Meeting(['a', 'b'], () => Promise.reject(new Error('too soon')))
    await expect(meeting.gate(act, () => session)(busy('lender'), NOTHING)).resolves.toBe('act')
  })
  it('tells everybody when judging fails', async () => {
    const meeting = new Meeting(['a', 'b'], () => Promise.reject(new Error('no measure')))
    const gate = meeting.gate(act, () => session)
    const both = [gate(busy('a'), NOTHING), gate(busy('b'), NOTHING)]
    for (const result of await Promise.allSettled(both)) expect(result).toMatchObject({ status: 'rejected' })
  })
})
