import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Session } from '../../../src/core/host.ts'
import { survey, textOf } from '../../../src/core/survey.ts'
import { clockOrder, openingOrders, peerScript, probeOrders } from '../../../src/facts/peer-dialogue.ts'
import { type Asked, greetedBy, type Question, questionOrders, readAsked } from '../../../src/facts/question.ts'
import { Namespaces } from '../../support/namespaces.ts'
import { withoutPerl } from '../../support/peers.ts'

const TOKEN = 'a1b2'
const FLOWS = [
  { protocol: 'tcp', port: 4242 },
  { protocol: 'udp', port: 4242 },
] as const

let lan: Namespaces
const children: ChildProcess[] = []
beforeEach(() => {
  lan = new Namespaces('question', ['n1', 'n2'])
})
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  lan[Symbol.dispose]()
})

/** A process on n2 that runs until the end, once it has printed something. */
async function service(program: string): Promise<void> {
  const [enter = '', ...argv] = lan.enter('n2')
  const child = spawn(enter, [...argv, 'perl', '-MIO::Socket', '-e', `$| = 1; ${program}; print "on\\n"; sleep 60`])
  children.push(child)
  await once(child.stdout, 'data')
}

/** n1 asks, while n2 listens as peers do. */
async function ask(
  questions: readonly Question[],
  session: (name: string) => Session,
): Promise<ReadonlyMap<string, readonly Asked[]>> {
  const surveyed = await survey({
    sessions: [session('n1'), session('n2')],
    script: peerScript(FLOWS),
    opening: (name) => openingOrders(name, { token: TOKEN, address: lan.address(name), flows: FLOWS, points: [] }, 60),
    orders: (name) => (name === 'n1' ? questionOrders(questions) : '') + probeOrders([]),
    clockOrder,
    readyMs: 20_000,
    probeMs: 40_000,
    signal: new AbortController().signal,
    nowMs: () => Date.now(),
  })
  const outcome = surveyed.get('n1')?.outcome
  if (!outcome) throw new Error('n1 said nothing')
  expect(surveyed.get('n1')?.complete, textOf(outcome)).toBe(true)
  return readAsked(textOf(outcome))
}

describe.each(['perl', 'python'] as const)('with %s', (language) => {
  const session = (name: string) => (language === 'perl' ? lan.session(name) : withoutPerl(lan.session(name)))
  const to = (about: string, protocol: 'tcp' | 'udp', port: number, more: Partial<Question> = {}): Question => ({
    ...{ about, protocol, address: lan.address('n2'), port, times: 1, want: 'answer' },
    ...more,
  })

  it('tells every end of a question from every other', { timeout: 90_000 }, async () => {
    await service('our $s = IO::Socket::INET->new(Listen => 5, LocalPort => 81)')
    await service(
      'our $u = IO::Socket::INET->new(Proto => "udp", LocalPort => 53); if (!fork) { alarm 50; while (defined(my $from = recv $u, my $t, 512, 0)) { send $u, "re:$t", 0, $from } }',
    )
    await service('our $v = IO::Socket::INET->new(Proto => "udp", LocalPort => 54)')
    lan.on('n2', 'iptables', '-A', 'INPUT', '-p', 'tcp', '--dport', '82', '-j', 'DROP')
    const text = Buffer.from('hello\0\n')
    const asked = await ask(
      [
        to('greeted', 'tcp', 4242, { times: 3 }),
        to('open', 'tcp', 81, { want: 'open' }),
        to('mute', 'tcp', 81, { text }),
        to('dropped', 'tcp', 82, { times: 9 }),
        to('refused', 'tcp', 83, { times: 2 }),
        to('echoed', 'udp', 53, { text, times: 50 }),
        to('unheard', 'udp', 54, { text, times: 50 }),
        to('closed', 'udp', 55, { text }),
        to('nowhere', 'tcp', 80, { address: '203.0.113.9', times: 3 }),
      ],
      session,
    )
    const states = [...asked].map(([about, all]) => [about, all.length, [...new Set(all.map(({ state }) => state))]])
    expect(Object.fromEntries(states.map(([about, ...rest]) => [about, rest]))).toEqual({
      greeted: [3, ['answered']],
      open: [1, ['open']],
      mute: [1, ['mute']],
      // Three silences in a row are enough.
      dropped: [3, ['silent']],
      refused: [2, ['refused']],
      echoed: [50, ['answered']],
      unheard: [3, ['silent']],
      closed: [1, ['refused']],
      nowhere: [3, ['unreachable']],
    })
    expect(asked.get('greeted')?.map((one) => greetedBy(one, TOKEN))).toEqual(['n2', 'n2', 'n2'])
    expect(asked.get('echoed')?.[0]?.heard.toString()).toBe('re:hello\0\n')
    expect(asked.get('dropped')?.[0]?.ms).toBeGreaterThan(3900)
    expect(asked.get('nowhere')?.[0]?.why).toMatch(/unreachable/i)
  })
})
