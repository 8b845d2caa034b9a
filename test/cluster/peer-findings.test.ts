import { describe, expect, it } from 'vitest'
import { type PeersWanted, peerFindings } from '../../src/cluster/peer-findings.ts'
import { peerMatrices } from '../../src/cluster/peer-matrix.ts'
import type { FlowSeen, HostSeen, PairSeen, PeersSeen } from '../../src/cluster/peers-seen.ts'
import { matrixLines } from '../../src/render/matrix.ts'
import { PLAIN } from '../../src/render/paint.ts'

const api = { protocol: 'tcp', port: 6443, need: 'every node to reach kube-apiserver' } as const
const vxlan = { protocol: 'udp', port: 8472, need: 'pod traffic between nodes (VXLAN)' } as const

const host = (name: string, more: Partial<HostSeen> = {}): HostSeen => ({
  host: name,
  address: `10.0.0.${name.slice(1)}`,
  points: [],
  ...more,
})
const pair = (from: string, to: string, more: Partial<PairSeen> = {}): PairSeen => ({
  from,
  to,
  reached: 2,
  others: [],
  rtt: { by: 'udp', leastMs: 0.2, medianMs: 0.3 },
  mtu: { pathBytes: 1500, linkBytes: 1500 },
  skew: { aheadMs: 0.1, errorMs: 0.1 },
  ...more,
})

/** Three hosts, all well, but for what is said of some pairs. */
function three(odd: readonly PairSeen[] = [], hosts = ['n1', 'n2', 'n3'].map((name) => host(name))): PeersSeen {
  const names = hosts.map((each) => each.host)
  const all = names.flatMap((from) => names.filter((to) => to !== from).map((to) => pair(from, to)))
  return { hosts, pairs: all.map((each) => odd.find(({ from, to }) => from === each.from && to === each.to) ?? each) }
}

const wanted = (more: Partial<PeersWanted> = {}): PeersWanted => ({
  network: 'flannel vxlan',
  mtu: 'auto',
  clockSkewMs: new Map(['n1', 'n2', 'n3'].map((name) => [name, 1000])),
  controlPlanes: new Set(['n1', 'n2']),
  accept: new Map(),
  ...more,
})
const blocked = (flow: FlowSeen) => three([pair('n2', 'n1', { reached: 1, others: [flow] })])
const of = (seen: PeersSeen, name: string, id: string, more: Partial<PeersWanted> = {}) =>
  peerFindings(seen, wanted(more))
    .get(name)
    ?.find((finding) => finding.id === id)

describe('ports between hosts', () => {
  it('are all met where all is open', () => {
    for (const findings of peerFindings(three(), wanted()).values())
      expect(findings.map(({ id, met }) => [id, met])).toEqual([
        ['reach', true],
        ['path-mtu', true],
        ['clock-skew-peers', true],
        ['round-trip', true],
      ])
  })
  it('names pair, direction, port, what was seen, why it is needed and what to do, at both ends and nowhere else', () => {
    const seen = blocked({ ...api, state: 'silent' })
    for (const name of ['n1', 'n2']) {
      expect(of(seen, name, 'reach')).toEqual({
        id: 'reach',
        met: false,
        severity: 'required',
        evidence:
          'n2 → n1 tcp/6443: no answer within 4 s, though n1 was listening (needed for every node to reach kube-apiserver)',
        threshold: 'every port nodes need of each other answers',
        fix: 'a firewall of n1, or one between, drops it: open 6443/tcp from n2; on n1: firewall-cmd --permanent --add-port=6443/tcp && firewall-cmd --reload, or ufw allow 6443/tcp',
      })
    }
    expect(of(seen, 'n3', 'reach')?.met).toBe(true)
  })
  it.each([
    ['refused', undefined, 'refused, though n1 was listening', 'rejects it'],
    ['unreachable', 'No route to host', 'No route to host', 'route from n2 to n1'],
    ['stranger', undefined, 'somebody else than n1 answers at 10.0.0.1', 'two machines'],
    ['mute', undefined, 'not a byte', 'in the name of n1'],
  ] as const)('tells %s apart', (state, why, evidence, fix) => {
    const finding = of(blocked({ ...vxlan, state, ...(why ? { why } : {}) }), 'n1', 'reach')
    expect(finding?.evidence).toContain(evidence)
    expect(finding?.fix).toContain(fix)
    expect(finding).toMatchObject({ met: false, severity: 'required' })
  })
  it('that cannot be tried are no failure, and are not hidden either', () => {
    const why = 'udp/8472 of n1 is held by kernel, which does not echo'
    expect(of(blocked({ ...vxlan, state: 'untried', why }), 'n1', 'reach')).toMatchObject({
      met: true,
      evidence: `7 ways open; 1 cannot be proven now: ${why}`,
    })
  })
  it('of a host without perl and python are advice', () => {
    const hosts = [host('n1'), host('n2', { missing: 'it has neither perl nor python3' }), host('n3')]
    expect(of(three([], hosts), 'n2', 'reach')).toMatchObject({
      met: false,
      severity: 'advised',
      evidence: 'not measured: it has neither perl nor python3',
    })
  })
  it('may be accepted by id, with the reason', () => {
    const accept = new Map([['n1', { reach: 'the firewall opens at night' }]])
    expect(of(blocked({ ...api, state: 'silent' }), 'n1', 'reach', { accept })?.accepted).toBe(
      'the firewall opens at night',
    )
    expect(of(three(), 'n1', 'reach', { accept })).not.toHaveProperty('accepted')
  })
  it('say nothing of a host alone', () => {
    expect(peerFindings({ hosts: [host('n1')], pairs: [] }, wanted()).get('n1')).toEqual([])
  })
})

describe('size of packets', () => {
  const narrow = three([
    pair('n1', 'n3', { mtu: { pathBytes: 1400, linkBytes: 1500 } }),
    pair('n3', 'n1', { mtu: { pathBytes: 1500, linkBytes: 1500 } }),
  ])
  it('is advice where the network makes pods smaller, and refused where nobody does', () => {
    expect(of(narrow, 'n1', 'path-mtu')).toMatchObject({
      met: false,
      severity: 'advised',
      evidence:
        '1400 bytes at least to and from every host; the way carries less than the card of the sender: n1 → n3 1400, not 1500; pods are made to fit, connections of the nodes themselves find out after seconds',
      threshold: 'full packets of pods pass: 1400 (n1 → n3) − 50 (VXLAN over IPv4) = 1350',
    })
    expect(of(narrow, 'n1', 'path-mtu', { network: 'flannel host-gw' })).toMatchObject({ severity: 'required' })
    expect(of(narrow, 'n2', 'path-mtu')?.met).toBe(true)
  })
  it('refuses a number written by hand on the very pair it is too big for', () => {
    expect(of(narrow, 'n3', 'path-mtu', { mtu: 1450 })).toMatchObject({
      met: false,
      severity: 'required',
      evidence:
        'network.mtu is 1450, and pods can have 1350 at most: 1400 (n1 → n3) − 50 (VXLAN over IPv4) = 1350; too narrow for it: n1 → n3 1400',
    })
    expect(of(narrow, 'n2', 'path-mtu', { mtu: 1450 })?.met).toBe(true)
    expect(of(narrow, 'n3', 'path-mtu', { mtu: 1350 })?.severity).not.toBe('required')
  })
})

describe('sizes nobody could measure', () => {
  it('are said to be unknown', () => {
    const { mtu: _, ...silent } = pair('n1', 'n2')
    const hosts = [host('n1'), host('n2')]
    const seen = three([silent, { ...silent, from: 'n2', to: 'n1' }], hosts)
    expect(of(seen, 'n1', 'path-mtu')).toMatchObject({ met: false, severity: 'advised' })
  })
})

describe('clocks', () => {
  it('are compared with each other, whatever the operator has', () => {
    const seen = three([pair('n1', 'n2', { skew: { aheadMs: 5012, errorMs: 1 } })])
    expect(of(seen, 'n2', 'clock-skew-peers')).toMatchObject({ met: false, evidence: 'n2 is 5.0 s ahead of n1' })
    expect(of(seen, 'n3', 'clock-skew-peers')?.met).toBe(true)
  })
  it('count as different only by what is certain', () => {
    const seen = three([pair('n1', 'n2', { skew: { aheadMs: -1500, errorMs: 600 } })])
    expect(of(seen, 'n2', 'clock-skew-peers')?.met).toBe(true)
  })
  it('go by way of the operator where no datagram came through', () => {
    const { skew: _, ...silent } = pair('n1', 'n2')
    const hosts = [
      host('n1', { clock: { leastMs: -10, mostMs: 10 } }),
      host('n2', { clock: { leastMs: 59_990, mostMs: 60_010 } }),
      host('n3'),
    ]
    expect(of(three([silent], hosts), 'n1', 'clock-skew-peers')).toMatchObject({
      met: false,
      evidence: 'n2 is 60.0 s ahead of n1',
    })
  })
})

describe('round trips', () => {
  it('matter between control planes', () => {
    const slow = { rtt: { by: 'udp', leastMs: 80, medianMs: 90 } } as const
    expect(of(three([pair('n1', 'n2', slow)]), 'n1', 'round-trip')).toMatchObject({
      met: false,
      severity: 'advised',
      evidence: 'n1 → n2 90 ms',
    })
    expect(of(three([pair('n1', 'n3', slow)]), 'n1', 'round-trip')?.met).toBe(true)
  })
  it('are told to the points the user named', () => {
    const hosts = [
      host('n1', { points: [{ name: 'office', leastMs: 20, medianMs: 21 }] }),
      host('n2', { points: [{ name: 'office', why: 'silent' }] }),
    ]
    const points = (name: string, more: Partial<PeersWanted> = {}) => of(three([], hosts), name, 'points', more)
    expect(points('n1')).toMatchObject({ met: true, evidence: 'n1 → office 21.0 ms', threshold: 'each answers' })
    expect(points('n2')).toMatchObject({ met: false, severity: 'advised', evidence: 'n2 → office: silent' })
    const limit = (ms: number) => ({
      pointLimits: new Map(['n1', 'n2'].map((name) => [name, new Map([['office', ms]])])),
    })
    expect(points('n1', limit(30))).toMatchObject({ met: true, threshold: 'office within 30 ms' })
    expect(points('n1', limit(20))).toMatchObject({
      met: false,
      severity: 'required',
      evidence: 'n1 → office 21.0 ms, more than 20 ms',
    })
    expect(points('n2', limit(30))).toMatchObject({ met: false, severity: 'required' })
    const [matrix] = peerMatrices(three([], hosts), { clockSkewMs: 1000, ...limit(20) }).slice(-1)
    expect(matrix).toMatchObject({ title: 'to the places you named', places: ['office'] })
    expect(matrix?.cells.map(({ from, text, tone }) => [from, text, tone])).toEqual([
      ['n1', '21.0', 'bad'],
      ['n2', '-', 'bad'],
    ])
    const lines = matrix ? matrixLines(matrix, { paint: PLAIN, columns: 80 }) : []
    expect(lines).toContain(' 1: office')
    expect(lines).toContain('  ✗ n2 → office -: silent')
  })
})

describe('matrices', () => {
  it('say what is odd of which pair', () => {
    const seen = three([
      pair('n2', 'n1', {
        reached: 1,
        others: [{ ...api, state: 'silent' }],
        rtt: { by: 'udp', leastMs: 60, medianMs: 61 },
      }),
      pair('n1', 'n3', { mtu: { pathBytes: 1400, linkBytes: 1500 }, skew: { aheadMs: -7_200_000, errorMs: 2 } }),
    ])
    const odd = peerMatrices(seen, { clockSkewMs: 1000 }).map(({ title, cells }) => [
      title,
      cells.filter(({ tone }) => tone !== 'usual').map(({ from, to, text, tone }) => `${from} ${to} ${text} ${tone}`),
    ])
    expect(odd).toEqual([
      ['ports', ['n2 n1 1/2 bad']],
      ['path MTU', ['n1 n3 1400 odd']],
      ['round trip', ['n2 n1 61.0 odd']],
      ['clock of the column ahead of that of the row', ['n1 n3 -2h bad']],
    ])
  })
  it.each([0, 0.001, 9.994, 9.996, 99.94, 99.96, 999.4, 999.6, 12_345, 999_499, 1e7, 1e12])(
    'have four columns a cell for %d ms',
    (ms) => {
      const odd = (sign: number) =>
        pair('n1', 'n2', { rtt: { by: 'tcp', leastMs: ms, medianMs: ms }, skew: { aheadMs: sign * ms, errorMs: 0 } })
      const cells = [1, -1].flatMap((sign) =>
        peerMatrices(three([odd(sign)]), { clockSkewMs: 1000 }).flatMap((matrix) => matrix.cells),
      )
      expect(cells.filter(({ text }) => text.length > 4)).toEqual([])
    },
  )
  it('of 300 hosts take no time', () => {
    const hosts = Array.from({ length: 300 }, (_, i) => host(`n${i}`))
    const seen = three([], hosts)
    const from = performance.now()
    peerFindings(seen, wanted({ mtu: 1400 }))
    peerMatrices(seen, { clockSkewMs: 1000 })
    expect(performance.now() - from).toBeLessThan(5000)
  })
})
