import { describe, expect, it } from 'vitest'
import type { ProofWanted } from '../../../src/cluster/proof/proof-around.ts'
import { proofFindings } from '../../../src/cluster/proof/proof-findings.ts'
import { proofMatrices } from '../../../src/cluster/proof/proof-matrix.ts'
import type { PodPair, ProofHost, ProofSeen } from '../../../src/cluster/proof/proof-seen.ts'
import type { Finding } from '../../../src/core/finding.ts'
import { judged } from '../../../src/core/finding.ts'
import type { Asked } from '../../../src/facts/question.ts'
import { matrixLines } from '../../../src/render/matrix.ts'
import { PLAIN } from '../../../src/render/paint.ts'

const NAMES = ['cp1', 'w1', 'w2']
const address = (name: string) => `10.244.${NAMES.indexOf(name)}.9`
const asked = (state: Asked['state'], hex = '', ms = 1): Asked => ({ state, ms, heard: Buffer.from(hex, 'hex') })
const TLS = asked('answered', '160303007a')
/** A header with an answer in it. */
const NAMED = asked('answered', '505685800001000100000000', 2)
const SILENT = asked('silent', '', 2000)
const hits = (...names: readonly string[]) => new Map(names.map((name) => [name, 4]))

const well = (name: string, more: Partial<ProofHost> = {}): ProofHost => ({
  host: name,
  address: address(name),
  points: [],
  said: {
    forwards: true,
    proxyMode: 'ipvs',
    rules: new Set(NAMES.map((each) => `${address(each)}:4242`)),
  },
  fromPod: {
    service: { hits: hits(...NAMES), failed: [] },
    dns: Array(50).fill(NAMED),
    api: [TLS],
    balancers: new Map(),
  },
  fromNode: { service: { hits: hits(...NAMES), failed: [] }, dns: [NAMED], api: [TLS], balancers: new Map() },
  ...more,
})
const pair = (from: string, to: string, more: Partial<PodPair> = {}): PodPair => ({
  ...{ from, to, tcp: 'reached', udp: 'reached', arrived: true },
  rtt: { by: 'udp', leastMs: 0.3, medianMs: 0.4 },
  mtu: { pathBytes: 1450, linkBytes: 1450 },
  skew: { aheadMs: 0.2, errorMs: 0.2 },
  ...more,
})
/** What lost ways look like: nothing is measured on them. */
const lost = (from: string, to: string, more: Partial<PodPair> = {}): PodPair => ({
  ...{ from, to, tcp: 'silent', udp: 'silent', arrived: false },
  ...more,
})

function three(odd: readonly PodPair[] = [], hosts: readonly ProofHost[] = []): ProofSeen {
  const all = NAMES.flatMap((from) => NAMES.filter((to) => to !== from).map((to) => pair(from, to)))
  return {
    hosts: NAMES.map((name) => hosts.find(({ host }) => host === name) ?? well(name)),
    pairs: all.map((each) => odd.find(({ from, to }) => from === each.from && to === each.to) ?? each),
    endpoints: new Map(NAMES.map((name) => [name, address(name)])),
    balancers: [],
    possiblePairs: 6,
  }
}

const wanted: ProofWanted = {
  network: 'flannel vxlan',
  clockSkewMs: new Map(NAMES.map((name) => [name, 1000])),
  accept: new Map(),
  proxyMode: 'ipvs',
}

function verdicts(seen: ProofSeen, more: Partial<ProofWanted> = {}): readonly string[] {
  return [...proofFindings(seen, { ...wanted, ...more })].flatMap(([host, all]) =>
    all.filter(({ met }) => !met).map((finding) => `${host} ${finding.id} ${judged(finding)}`),
  )
}

function told(seen: ProofSeen, host: string, id: string): Finding {
  const found = proofFindings(seen, wanted)
    .get(host)
    ?.find((finding) => finding.id === id)
  if (!found) throw new Error(`${host} has no ${id}`)
  return found
}

describe('a proof', () => {
  it('has a verdict on everything, and all are met where all is well', () => {
    for (const findings of proofFindings(three(), wanted).values())
      expect(findings.map(({ id, met }) => `${id} ${met}`)).toEqual(
        [
          ...['pod-starts', 'pod-network', 'pod-packets', 'pod-services', 'pod-dns', 'pod-api'],
          ...['node-services', 'kube-proxy', 'clock-skew-peers'],
        ].map((id) => `${id} true`),
      )
  })

  it('names the one direction in which nothing arrives, and what carries it', () => {
    // Datagrams of w2 arrive at w1; the answers take the way that is closed.
    const back = lost('w2', 'w1', { arrived: true })
    const half = { hits: hits('cp1', 'w1'), failed: [SILENT, SILENT] }
    const seen = three([lost('w1', 'w2'), back], [well('w1', { fromPod: { ...well('w1').fromPod, service: half } })])
    expect(verdicts(seen)).toEqual([
      'w1 pod-network unmet',
      // It follows from that one.
      'w1 pod-services advised',
    ])
    expect(told(seen, 'w1', 'pod-network')).toMatchObject({
      evidence:
        'pods on w1 → pods on w2: nothing arrives: TCP gets no answer within 4 s, UDP gets no answer within 4 s',
      fix: expect.stringContaining('udp/8472 from w1 to w2, and that is dropped: open udp/8472 on w2 for w1'),
    })
    expect(told(seen, 'w2', 'pod-network').evidence).toBe('2 ways open')
    const [ways] = proofMatrices(seen, { clockSkewMs: 1000 })
    expect(ways && matrixLines(ways, { paint: PLAIN, columns: 80 })).toEqual([
      'pod to pod, TCP and UDP',
      '            1     2     3',
      ' 1  cp1     ·   ok    ok',
      ' 2  w1    ok      · lost✗',
      ' 3  w2    ok    ok      ·',
      '  ✗ w1 → w2 lost: nothing arrives: TCP gets no answer within 4 s, UDP gets no a…',
    ])
  })

  it.each([
    [{ tcp: 'silent' }, 'datagrams arrive, and TCP gets no answer within 4 s', 'look for TCP'],
    [{ udp: 'silent' }, 'TCP arrives, and UDP gets no answer within 4 s', 'look for UDP'],
  ] as const)('tells what of it is let through: %o', (more, what, fix) => {
    const seen = three([pair('w1', 'cp1', more)])
    expect(verdicts(seen)).toEqual(['w1 pod-network unmet'])
    expect(told(seen, 'w1', 'pod-network').evidence).toContain(what)
    expect(told(seen, 'w1', 'pod-network').fix).toContain(fix)
  })

  it('tells of a node that forwards nothing instead of a firewall', () => {
    const odd = ['cp1', 'w2'].flatMap((other) => [lost('w1', other), lost(other, 'w1')])
    const off = well('w1', { said: { forwards: false, proxyMode: 'ipvs', rules: { unseen: 'x' } } })
    const seen = three(odd, [off])
    for (const host of NAMES) {
      expect(told(seen, host, 'pod-network').evidence).toContain('w1 forwards nothing (net.ipv4.ip_forward is 0)')
      expect(told(seen, host, 'pod-network').fix).toContain('on w1: sysctl -w net.ipv4.ip_forward=1')
    }
  })

  it('names the pair whose way is narrower than its pods believe, with the sizes', () => {
    const seen = three([pair('w1', 'w2', { mtu: { pathBytes: 1400, linkBytes: 1450 } })])
    expect(verdicts(seen)).toEqual(['w1 pod-packets unmet'])
    expect(told(seen, 'w1', 'pod-packets')).toMatchObject({
      evidence: 'full packets of 1450 from pods on w1 to pods on w2 vanish; 1400 pass',
      fix: 'the way from w1 to w2 carries 1450, and with VXLAN pods of 1450 need 1500: mend it, or write network.mtu: 1400 in the inventory and run provision up',
    })
  })

  it('tells a node that is not masqueraded from rules that are missing', () => {
    const none = { hits: hits('w1'), failed: Array(8).fill(SILENT) }
    const seen = three([], [well('w1', { fromNode: { ...well('w1').fromNode, service: none } })])
    expect(verdicts(seen)).toEqual(['w1 node-services unmet'])
    expect(told(seen, 'w1', 'node-services').evidence).toBe(
      'w1 → the Service: 4 of 12 connections answered (8 silent); never by the pods of cp1, w2',
    )
    expect(told(seen, 'w1', 'node-services').fix).toContain('KUBE-POSTROUTING')
    const both = { service: { hits: new Map(), failed: Array(8).fill(SILENT) } }
    const host = well('w1')
    const missing = three(
      [],
      [{ ...host, fromPod: { ...host.fromPod, ...both }, fromNode: { ...host.fromNode, ...both } }],
    )
    expect(told(missing, 'w1', 'node-services').fix).toContain('kube-proxy on w1 has made no rules for it')
  })

  it('tells a connection that is lost now and then from an endpoint that never answers', () => {
    const service = (failed: number) => ({ service: { hits: hits(...NAMES), failed: Array(failed).fill(SILENT) } })
    const seen = (failed: number) => three([], [well('w1', { fromPod: { ...well('w1').fromPod, ...service(failed) } })])
    expect(verdicts(seen(3))).toEqual(['w1 pod-services advised'])
    expect(verdicts(seen(4))).toEqual(['w1 pod-services unmet'])
    expect(told(seen(3), 'w1', 'pod-services').fix).toContain('an endpoint is in the rules of w1 that does not answer')
  })

  it('knows a packet that is not led back to the pod it came from', () => {
    const service = { hits: hits('cp1', 'w2'), failed: Array(9).fill(SILENT) }
    const seen = three([], [well('w1', { fromPod: { ...well('w1').fromPod, service } })])
    expect(verdicts(seen)).toEqual(['w1 pod-services unmet'])
    expect(told(seen, 'w1', 'pod-services').fix).toMatch(
      /^only what a Service leads back to the very pod is lost: on w1/,
    )
  })

  it('looks at the mode of kube-proxy, and for a rule for each endpoint', () => {
    const said = { forwards: true, proxyMode: 'iptables', rules: new Set<string>() }
    expect(told(three([], [well('w1', { said })]), 'w1', 'kube-proxy').evidence).toBe(
      'w1: kube-proxy runs in iptables mode',
    )
    const old = { ...said, proxyMode: 'ipvs', rules: new Set([`${address('w1')}:4242`]) }
    expect(told(three([], [well('w1', { said: old })]), 'w1', 'kube-proxy').evidence).toBe(
      'w1: kube-proxy runs in ipvs mode, and its kernel has no rule for the pods of cp1; w2',
    )
    expect(verdicts(three([], [well('w1', { said })]), { proxyMode: 'none' })).toEqual([])
  })

  it.each([
    [
      [...Array(49).fill(NAMED), SILENT],
      [],
      '49 of 50 questions answered, p50 2.0 ms, p99 2.0 ms, slowest 2.0 ms, 1 lost',
    ],
    [[...Array(40).fill(NAMED), ...Array(10).fill(SILENT)], ['w1 pod-dns advised'], '40 of 50 questions answered'],
    [[...Array(39).fill(NAMED), ...Array(11).fill(SILENT)], ['w1 pod-dns unmet'], '39 of 50 questions answered'],
    [[SILENT, SILENT, SILENT], ['w1 pod-dns unmet'], '0 of 3 questions answered, 3 lost'],
    [[...Array(9).fill(NAMED), asked('answered', '505685830001000000000000')], ['w1 pod-dns unmet'], '1 with an error'],
    [[], ['w1 pod-dns unmet'], '0 of 0 questions answered'],
  ])('judges DNS by what is lost', (dns, unmet, evidence) => {
    const seen = three([], [well('w1', { fromPod: { ...well('w1').fromPod, dns } })])
    expect(verdicts(seen)).toEqual(unmet)
    expect(told(seen, 'w1', 'pod-dns').evidence).toContain(evidence)
  })

  it('tells of LoadBalancer addresses from pods and from the node, each by itself', () => {
    const from = (state: Asked['state']) => new Map([['10.77.0.200:80', asked(state)]])
    const host = well('w1')
    const seen = three(
      [],
      [
        {
          ...host,
          fromPod: { ...host.fromPod, balancers: from('open') },
          fromNode: { ...host.fromNode, balancers: from('silent') },
        },
      ],
    )
    expect(verdicts(seen)).toEqual(['w1 load-balancers unmet'])
    expect(told(seen, 'w1', 'load-balancers').evidence).toBe('w1 → 10.77.0.200:80: silent')
  })

  it('says why a node has no part in it, and nothing else of it', () => {
    const why = 'its pod does not run: ErrImagePull'
    const ways = three().pairs.filter(({ from, to }) => from !== 'w2' && to !== 'w2')
    const seen = { ...three([], [well('w2', { missing: why })]), pairs: ways }
    const withoutPod = { ...seen, endpoints: new Map([...seen.endpoints].filter(([name]) => name !== 'w2')) }
    expect(verdicts(withoutPod)).toEqual(['w2 pod-starts unmet'])
    expect(told(withoutPod, 'w2', 'pod-starts').evidence).toBe(why)
  })

  it('lets an inventory accept a verdict by name, with its reason', () => {
    const seen = three([pair('w1', 'w2', { mtu: { pathBytes: 1400, linkBytes: 1450 } })])
    const accept = new Map([['w1', { 'pod-packets': 'a test' }]])
    const finding = proofFindings(seen, { ...wanted, accept })
      .get('w1')
      ?.find(({ id }) => id === 'pod-packets')
    expect(finding).toMatchObject({ met: false, accepted: 'a test' })
  })

  it('tells which of two clocks is ahead', () => {
    const seen = three([pair('w1', 'w2', { skew: { aheadMs: -5000, errorMs: 3 } })])
    expect(told(seen, 'w1', 'clock-skew-peers').evidence).toBe('w1 is 5.0 s ahead of w2')
  })

  it('holds for a cluster of one node', () => {
    const one = { ...three(), hosts: [well('cp1')], pairs: [], endpoints: new Map([['cp1', address('cp1')]]) }
    expect(verdicts(one)).toEqual([])
    expect(proofMatrices(one, { clockSkewMs: 1000 })).toEqual([])
  })
})
