import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { peerFindings } from '../../../src/cluster/peer-findings.ts'
import type { PeerHost } from '../../../src/cluster/peers.ts'
import type { Session } from '../../../src/core/host.ts'
import { Namespaces } from '../../support/namespaces.ts'
import { pairOf, prefaced, surveyed, withoutPerl } from '../../support/peers.ts'

const SOURCES = join(import.meta.dirname, '../../../src')
const LANGUAGES = ['perl', 'python'] as const
type Language = (typeof LANGUAGES)[number]

let lan: Namespaces
const children: ChildProcess[] = []
beforeEach(() => {
  lan = new Namespaces('peers', ['n1', 'n2', 'n3'])
})
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  lan[Symbol.dispose]()
})

const session = (name: string, language: Language = 'perl', shell = ['sh']): Session => {
  const local = lan.session(name, shell)
  return language === 'python' ? withoutPerl(local) : local
}

/** n1 is the control plane; in IPv6 when asked for. */
const hosts = (six = false): readonly PeerHost[] =>
  lan.names.map((name) => ({
    name,
    roles: [name === 'n1' ? 'control-plane' : 'worker'],
    address: six ? lan.address6(name) : lan.address(name),
  }))

const drop = (on: string, from: string, ...match: readonly string[]) =>
  lan.on(on, 'iptables', '-A', 'INPUT', '-s', lan.address(from), ...match, '-j', 'DROP')

const wanted = {
  network: 'flannel vxlan',
  mtu: 'auto',
  clockSkewMs: new Map([['n1', 1000]]),
  controlPlanes: new Set(['n1']),
  accept: new Map(),
} as const

/** A process that runs as a machine until it is told to end, once it has printed something. */
async function service(name: string, program: string): Promise<void> {
  const [enter = '', ...argv] = lan.enter(name)
  const child = spawn(enter, [...argv, 'perl', '-MIO::Socket', '-e', `$| = 1; ${program}; print "on\\n"; sleep 60`])
  children.push(child)
  await once(child.stdout, 'data')
}

describe.each(LANGUAGES)('hosts with %s', (language) => {
  const other: Language = language === 'perl' ? 'python' : 'perl'
  const sessions = () => [session('n1', language), session('n2', other), session('n3', language)]

  it('reach each other on every port, and leave nothing that listens', async () => {
    const seen = await surveyed({ hosts: hosts(), sessions: sessions() })
    expect(seen.hosts.map(({ missing }) => missing)).toEqual([undefined, undefined, undefined])
    expect(seen.pairs.map(({ from, to, reached, others }) => [from, to, reached, others])).toEqual([
      ['n1', 'n2', 2, []],
      ['n1', 'n3', 2, []],
      ['n2', 'n1', 2, []],
      ['n2', 'n3', 1, []],
      ['n3', 'n1', 2, []],
      ['n3', 'n2', 1, []],
    ])
    for (const { rtt, mtu, skew } of seen.pairs) {
      expect(mtu).toEqual({ pathBytes: 1500, linkBytes: 1500 })
      expect(rtt?.by).toBe('udp')
      expect(rtt?.leastMs).toBeGreaterThan(0)
      expect(rtt?.leastMs).toBeLessThan(100)
      // One clock for all: whatever is measured is the error.
      expect(Math.abs(skew?.aheadMs ?? 1e9)).toBeLessThanOrEqual((skew?.errorMs ?? 0) + 0.01)
    }
    for (const { clock } of seen.hosts) {
      expect(clock?.leastMs).toBeLessThanOrEqual(0)
      expect(clock?.mostMs).toBeGreaterThanOrEqual(0)
    }
    for (const name of lan.names) expect(lan.listeners(name)).toBe('')
  })

  it('name a port that is blocked in one direction of one pair, exactly so', async () => {
    drop('n1', 'n2', '-p', 'tcp', '--dport', '6443')
    const seen = await surveyed({ hosts: hosts(), sessions: sessions() })
    const blocked = seen.pairs.filter(({ others }) => others.length > 0)
    expect(blocked).toMatchObject([
      { from: 'n2', to: 'n1', others: [{ protocol: 'tcp', port: 6443, state: 'silent' }] },
    ])
    const findings = peerFindings(seen, wanted)
    const unmet = [...findings].flatMap(([host, list]) => list.filter(({ met }) => !met).map(({ id }) => [host, id]))
    expect(unmet).toEqual([
      ['n1', 'reach'],
      ['n2', 'reach'],
    ])
    expect(findings.get('n2')?.[0]?.evidence).toContain(
      'n2 → n1 tcp/6443: no answer within 4 s, though n1 was listening',
    )
  })

  it('tell dropped, rejected and forbidden apart, for both protocols', async () => {
    drop('n2', 'n3', '-p', 'udp', '--dport', '8472')
    const reject = (on: string, from: string, port: readonly string[], kind: string) =>
      lan.on(
        on,
        'iptables',
        '-A',
        'INPUT',
        '-s',
        lan.address(from),
        '-p',
        ...port,
        '-j',
        'REJECT',
        '--reject-with',
        kind,
      )
    reject('n3', 'n2', ['udp', '--dport', '8472'], 'icmp-port-unreachable')
    reject('n1', 'n3', ['udp', '--dport', '8472'], 'icmp-admin-prohibited')
    reject('n1', 'n2', ['tcp', '--dport', '6443'], 'tcp-reset')
    reject('n1', 'n3', ['tcp', '--dport', '6443'], 'icmp-admin-prohibited')
    const seen = await surveyed({ hosts: hosts(), sessions: sessions() })
    const told = seen.pairs.flatMap(({ from, to, others }) =>
      others.map(({ protocol, port, state }) => `${from}>${to} ${protocol}/${port} ${state}`),
    )
    expect(told).toEqual([
      'n2>n1 tcp/6443 refused',
      'n2>n3 udp/8472 refused',
      'n3>n1 tcp/6443 unreachable',
      'n3>n1 udp/8472 unreachable',
      'n3>n2 udp/8472 silent',
    ])
    // Times and sizes are measured all the same, by a port of our own.
    expect(pairOf(seen, 'n3', 'n2')).toMatchObject({ rtt: { by: 'udp' }, mtu: { pathBytes: 1500 } })
  })

  it('tell a datagram that is lost from an answer that is lost', async () => {
    drop('n1', 'n2', '-p', 'udp')
    const seen = await surveyed({ hosts: hosts(), sessions: sessions() })
    const blocked = seen.pairs.filter(({ others }) => others.length > 0)
    expect(blocked).toMatchObject([
      { from: 'n2', to: 'n1', others: [{ protocol: 'udp', port: 8472, state: 'silent' }] },
    ])
    expect(pairOf(seen, 'n1', 'n2')).toMatchObject({ reached: 2, rtt: { by: 'tcp' } })
  })

  it.each([1280, 1373, 1400, 1499])(
    'find a way of %i bytes that loses bigger packets without a word',
    async (bytes) => {
      lan.lan('ip', 'link', 'set', 'to-n3', 'mtu', String(bytes))
      const seen = await surveyed({ hosts: hosts(), sessions: sessions(), users: ['flannel vxlan'] })
      for (const from of ['n1', 'n2']) {
        expect(pairOf(seen, from, 'n3').mtu).toEqual({ pathBytes: bytes, linkBytes: 1500 })
        // A veth takes what arrives with room for a VLAN tag.
        expect(pairOf(seen, 'n3', from).mtu).toEqual({ pathBytes: Math.min(1500, bytes + 4), linkBytes: 1500 })
      }
      expect(pairOf(seen, 'n1', 'n2').mtu).toEqual({ pathBytes: 1500, linkBytes: 1500 })
    },
  )

  it('find jumbo frames, and the one card that has none', async () => {
    for (const name of ['n1', 'n2']) {
      lan.on(name, 'ip', 'link', 'set', 'eth0', 'mtu', '9000')
      lan.lan('ip', 'link', 'set', `to-${name}`, 'mtu', '9000')
    }
    const seen = await surveyed({ hosts: hosts(), sessions: sessions(), users: ['flannel vxlan'] })
    expect(pairOf(seen, 'n1', 'n2').mtu).toEqual({ pathBytes: 9000, linkBytes: 9000 })
    expect(pairOf(seen, 'n1', 'n3').mtu).toEqual({ pathBytes: 1500, linkBytes: 9000 })
    expect(pairOf(seen, 'n3', 'n1').mtu).toEqual({ pathBytes: 1500, linkBytes: 1500 })
  })

  it('tell a way that is slow, and take no loss for a firewall', async () => {
    await lan.slow('n3', { delayMs: 30, lossPercent: 5 })
    const seen = await surveyed({ hosts: hosts(), sessions: sessions() })
    expect(seen.pairs.filter(({ others }) => others.length > 0)).toEqual([])
    for (const [from, to] of [
      ['n1', 'n3'],
      ['n3', 'n1'],
    ] as const) {
      const { rtt, mtu, skew } = pairOf(seen, from, to)
      expect(mtu).toEqual({ pathBytes: 1500, linkBytes: 1500 })
      expect(rtt?.leastMs).toBeGreaterThan(60)
      expect(rtt?.leastMs).toBeLessThan(90)
      expect(Math.abs(skew?.aheadMs ?? 1e9)).toBeLessThan(15)
    }
    expect(pairOf(seen, 'n1', 'n2').rtt?.leastMs).toBeLessThan(30)
  })

  it('speak IPv6', async () => {
    lan.lan('ip', 'link', 'set', 'to-n3', 'mtu', '1400')
    const seen = await surveyed({ hosts: hosts(true), sessions: sessions() })
    expect(seen.pairs.filter(({ others }) => others.length > 0)).toEqual([])
    expect(pairOf(seen, 'n1', 'n3').mtu).toEqual({ pathBytes: 1400, linkBytes: 1500 })
    expect(pairOf(seen, 'n1', 'n2')).toMatchObject({ mtu: { pathBytes: 1500 }, rtt: { by: 'udp' } })
  })

  it('find their own address, and the way to a point', async () => {
    for (const name of lan.names) lan.on(name, 'ip', 'route', 'add', 'default', 'via', '10.98.0.254')
    const points = [
      { name: 'refusing', host: lan.address('n1'), port: 9 },
      { name: 'gone', host: '10.98.0.77', port: 9 },
      { name: 'nameless', host: 'no-such-name.invalid', port: 9 },
    ]
    const unknown = hosts().map((host) => ({ ...host, address: undefined, points }))
    const seen = await surveyed({ hosts: unknown, sessions: sessions() })
    expect(seen.hosts.map(({ address }) => address)).toEqual(lan.names.map((name) => lan.address(name)))
    expect(seen.pairs.every(({ others }) => others.length === 0)).toBe(true)
    const [refusing, gone, nameless] = points.map(({ name }) =>
      seen.hosts[1]?.points.find((point) => point.name === name),
    )
    expect(refusing).toMatchObject({ name: 'refusing', medianMs: expect.any(Number) })
    expect(gone).toMatchObject({ name: 'gone', why: expect.stringMatching(/silent|No route to host/) })
    expect(nameless).toMatchObject({ name: 'nameless', why: expect.stringMatching(/^failed: ./) })
  })

  it('let services that are there already count as reached, and say what cannot be proven', async () => {
    await service('n1', 'our $s = IO::Socket::INET->new(LocalPort => 6443, Listen => 5, ReuseAddr => 1) or die')
    await service('n1', 'our $s = IO::Socket::INET->new(LocalPort => 8472, Proto => "udp") or die')
    const seen = await surveyed({ hosts: hosts(), sessions: sessions() })
    expect(pairOf(seen, 'n2', 'n1')).toMatchObject({
      reached: 1,
      others: [
        { protocol: 'udp', port: 8472, state: 'untried', why: 'udp/8472 of n1 is held by perl, which does not echo' },
      ],
      rtt: { by: 'udp' },
      mtu: { pathBytes: 1500 },
    })
    expect(peerFindings(seen, wanted).get('n1')?.[0]).toMatchObject({ id: 'reach', met: true })
  })

  it('notice that somebody else answers', async () => {
    lan.on(
      'n2',
      'iptables',
      '-t',
      'nat',
      '-A',
      'OUTPUT',
      '-p',
      'tcp',
      '-d',
      lan.address('n1'),
      '--dport',
      '6443',
      '-j',
      'DNAT',
      '--to',
      `${lan.address('n3')}:10250`,
    )
    const seen = await surveyed({ hosts: hosts(), sessions: sessions() })
    expect(pairOf(seen, 'n2', 'n1').others).toMatchObject([{ protocol: 'tcp', port: 6443, state: 'stranger' }])
  })

  it('end at their deadline, though nobody told them to', async () => {
    const file = join(SOURCES, language === 'perl' ? 'facts/peer.pl' : 'facts/peer.py')
    const [enter = '', ...argv] = lan.enter('n1')
    const child = spawn(enter, [...argv, language === 'perl' ? 'perl' : 'python3', file], {
      env: { ...process.env, provision_nonce: 'n' },
    })
    children.push(child)
    child.stdin.write('deadline\t1\nname\tn1\ttoken\naddress\t10.98.0.1\nlisten\ttcp\t6443\nready\n')
    await once(child.stdout, 'data')
    const [, signal] = await once(child, 'exit')
    expect(signal).toBe('SIGALRM')
  })
})

describe('a survey', () => {
  it('works with any shell', async () => {
    const shells = [['dash'], ['bash'], ['busybox', 'sh']]
    const sessions = lan.names.map((name, i) => session(name, 'perl', shells[i]))
    const seen = await surveyed({ hosts: hosts(), sessions })
    expect(seen.pairs.filter(({ others }) => others.length > 0)).toEqual([])
  })

  it('needs no more of Perl than perl-base', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'perl-base-'))
    try {
      mkdirSync(join(folder, 'Time'))
      writeFileSync(join(folder, 'Time/HiRes.pm'), 'die "not in perl-base"')
      const sessions = lan.names.map((name) => prefaced(session(name), `export PERL5LIB=${folder}`))
      const seen = await surveyed({ hosts: hosts(), sessions })
      expect(seen.pairs.filter(({ others }) => others.length > 0)).toEqual([])
      for (const { rtt, skew } of seen.pairs) {
        expect(rtt?.leastMs).toBeGreaterThan(0.001)
        expect(rtt?.leastMs).toBeLessThan(100)
        expect(Math.abs(skew?.aheadMs ?? 1e9)).toBeLessThanOrEqual((skew?.errorMs ?? 0) + 0.01)
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('goes on without a host that is lost, cannot be asked, or has no interpreter', async () => {
    const without = prefaced(session('n2'), 'perl() { return 1; }\ncommand() { return 1; }')
    const seen = await surveyed({ hosts: hosts(), sessions: [session('n1'), without] })
    expect(seen.hosts.map(({ missing }) => missing)).toEqual([
      undefined,
      'it has neither perl nor python3',
      'there is no connection to it',
    ])
    expect(pairOf(seen, 'n1', 'n2').others[0]).toMatchObject({
      state: 'untried',
      why: 'n2 was not measured: it has neither perl nor python3',
    })
  })

  it('leaves nothing that listens when its process is killed', async () => {
    const program = join(import.meta.dirname, '../../support/hanging-survey.ts')
    const child = spawn(process.execPath, [program, JSON.stringify(lan.enter('n1'))], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    children.push(child)
    await once(child.stdout, 'data')
    expect(lan.listeners('n1')).toContain(':6443')
    child.kill('SIGKILL')
    const giveUpMs = performance.now() + 5000
    while (lan.listeners('n1') !== '' && performance.now() < giveUpMs) await sleep(50)
    expect(lan.listeners('n1')).toBe('')
  })

  it('is stopped by the user within a moment', async () => {
    const stop = new AbortController()
    const stuck: Session = Object.assign(session('n2'), { run: () => new Promise(() => undefined) })
    const from = performance.now()
    setTimeout(() => stop.abort(), 300)
    const seen = surveyed({ hosts: hosts(), sessions: [session('n1'), stuck], signal: stop.signal })
    await Promise.race([seen, sleep(3000)])
    expect(lan.listeners('n1')).toBe('')
    expect(performance.now() - from).toBeLessThan(4000)
  })
})

describe('the two programs', () => {
  it('speak the same words', () => {
    const texts = ['peer.pl', 'peer.py'].map((file) => readFileSync(join(SOURCES, 'facts', file), 'utf8'))
    const [perl = [], python = []] = texts.map((text) => {
      const found = text.matchAll(/(?:answer\(|mark\(|\$word eq |word == )'([a-z]+)'/g)
      return [...new Set([...found].map(([, word = '']) => word))].sort()
    })
    expect(python).toEqual(perl)
    expect(perl.length).toBeGreaterThan(15)
    for (const state of ['reached', 'open', 'refused', 'silent', 'stranger', 'mute', 'unreachable: ', 'failed: '])
      for (const text of texts) expect(text).toContain(state)
  })
})
