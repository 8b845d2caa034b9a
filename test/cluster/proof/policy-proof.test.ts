import { describe, expect, test } from 'vitest'
import { policyFindings } from '../../../src/cluster/proof/policy-findings.ts'
import { isEnforced, type PolicyWay, surveyBefore, surveyPolicies } from '../../../src/cluster/proof/policy-survey.ts'
import { DENIED_PORT, PROOF_PORT, proofPolicy } from '../../../src/cluster/proof/proof-policy.ts'
import type { Session } from '../../../src/core/host.ts'
import type { Survey, Surveyed } from '../../../src/core/survey.ts'

const WAY: PolicyWay = { from: 'w1', to: 'w2', allowed: 'reached', denied: 'silent', before: 'reached' }
const findingOf = (way: Partial<PolicyWay>, engine?: string, accept: Record<string, string> = {}) =>
  policyFindings([{ ...WAY, ...way }], engine, new Map([['w1', accept]])).get('w1')

describe('a verdict of policies', () => {
  test.each(['silent', 'refused', 'unreachable'] as const)('is good where what is denied is %s', (denied) => {
    expect(findingOf({ denied }, 'kube-router')).toMatchObject({
      met: true,
      evidence: `pods on w1 → pods on w2: tcp/4242 is allowed: reached; tcp/4243 is denied: ${denied}`,
    })
  })

  test('says that nothing is denied, and what would', () => {
    expect(findingOf({ denied: 'reached' })).toMatchObject({
      met: false,
      severity: 'required',
      evidence: expect.stringMatching(
        /tcp\/4243 is denied: reached: nothing is denied; nobody enforces policies here$/,
      ),
      fix: expect.stringContaining('policyEngine: kube-router'),
    })
  })

  test('names the node where an engine does not do its work', () => {
    const finding = findingOf({ denied: 'reached' }, 'kube-router')
    expect(finding?.evidence).toMatch(/kube-router does not enforce it on w2$/)
    expect(finding?.fix).toMatch(/^on w2: /)
  })

  test.each([
    [{ allowed: 'silent' }, 'who denies too much'],
    [{ allowed: 'untried', denied: 'untried' }, 'nobody tried'],
    [{ denied: 'untried' }, 'half of it was not tried'],
  ] as const)('is bad for %j: %s', (way, _why) => {
    expect(isEnforced({ ...WAY, ...way })).toBe(false)
    expect(findingOf(way, 'kube-router')).toMatchObject({ met: false })
  })

  test('is none where what is denied did not pass without a policy either', () => {
    expect(findingOf({ before: 'refused' }, 'kube-router')).toMatchObject({
      met: false,
      severity: 'required',
      evidence: expect.stringMatching(
        /tcp\/4243 is denied: silent; without a policy tcp\/4243 was refused too, so nothing is shown$/,
      ),
    })
  })

  test('is none where nobody tried it without a policy', () => {
    expect(findingOf({ before: 'untried' }, 'kube-router')).toMatchObject({
      met: false,
      evidence: expect.stringMatching(/without a policy tcp\/4243 was not tried, so nothing is shown$/),
    })
  })

  test('can be lived with, for a reason', () => {
    expect(findingOf({ denied: 'reached' }, undefined, { 'pod-policies': 'a test' })).toMatchObject({
      accepted: 'a test',
    })
  })
})

test('its policy lets its pods through on one of the two ports they are tried on', () => {
  expect(PROOF_PORT).not.toBe(DENIED_PORT)
  expect(proofPolicy('ns').spec).toMatchObject({
    podSelector: {},
    ingress: [{ ports: [{ port: PROOF_PORT, protocol: 'TCP' }] }],
  })
})

describe('the survey', () => {
  const sessions = ['cp1', 'w1', 'w2'].map((host) => ({ host }) as Session)
  const pods = new Map(
    ['cp1', 'w1', 'w2'].map((node, i) => [
      node,
      { uid: `u${i}`, node, address: `10.244.${i}.2`, running: true, why: '' },
    ]),
  )

  /** Answers as peers do; `denies` says from which round on something is denied. */
  function peers(denies: number) {
    const plans: Survey[] = []
    const ask = async (plan: Survey): Promise<ReadonlyMap<string, Surveyed>> => {
      plans.push(plan)
      const ready = new Map(sessions.map(({ host }) => [host, ''] as const))
      return new Map(
        sessions.map(({ host }) => {
          const to = /^target\t([^\t]+)/m.exec(plan.orders(host, ready) ?? '')?.[1] ?? ''
          const word = plans.length > denies ? 'silent' : 'reached'
          const text = `reach\t${to}\ttcp\t4242\treached\t1\nreach\t${to}\ttcp\t4243\t${word}\t1\n`
          return [host, { outcome: outcomeOf(text), clocks: [], complete: true, ready: '' } as unknown as Surveyed]
        }),
      )
    }
    return { plans, ask }
  }

  const outcomeOf = (stdout: string) => ({ kind: 'exited', code: 0, sections: [{ mark: ['probed'], text: stdout }] })

  async function ways(denies: number, engine: string | undefined, msEach: number) {
    const { plans, ask } = peers(denies)
    let now = 0
    const nowMs = () => {
      now += msEach
      return now
    }
    const signal = new AbortController().signal
    const seen = await surveyPolicies(
      { sessions, pods, engine, signal, nowMs, survey: ask },
      new Map([['w1', 'refused']]),
    )
    return { seen, rounds: plans.length }
  }

  test('tries each node once as sender and once as receiver', async () => {
    const { seen } = await ways(0, 'kube-router', 1)
    expect(seen.map(({ from, to }) => `${from} ${to}`)).toEqual(['cp1 w1', 'w1 w2', 'w2 cp1'])
    expect(seen.every(isEnforced)).toBe(true)
    expect(seen.map(({ before }) => before)).toEqual(['untried', 'refused', 'untried'])
  })

  test('tries what will be denied before anything is', async () => {
    const { plans, ask } = peers(1)
    const signal = new AbortController().signal
    const before = await surveyBefore({ sessions, pods, engine: undefined, signal, nowMs: () => 0, survey: ask })
    expect([...before]).toEqual(['cp1', 'w1', 'w2'].map((host) => [host, 'reached']))
    expect(plans).toHaveLength(1)
  })

  test('is done again while an engine may still be at it', async () => {
    expect(await ways(2, 'kube-router', 1)).toMatchObject({ rounds: 3, seen: [{ denied: 'silent' }, {}, {}] })
  })

  test('is not done again where there is none, and ends where one never does its work', async () => {
    expect(await ways(9, undefined, 1)).toMatchObject({ rounds: 1, seen: [{ denied: 'reached' }, {}, {}] })
    expect((await ways(1e9, 'kube-router', 20_000)).rounds).toBeLessThan(5)
  })
})
