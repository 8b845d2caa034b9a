import { describe, expect, it } from 'vitest'
import {
  clockBounds,
  openingOrders,
  peerScript,
  probeOrders,
  readListening,
  readSeen,
} from '../../src/facts/peer-dialogue.ts'

describe('what a host is told', () => {
  it('is lines of fields', () => {
    const given = {
      token: 'abc',
      address: undefined,
      flows: [{ protocol: 'tcp', port: 6443 }] as const,
      points: [{ name: 'office', host: 'office.example.com', port: 443 }],
    }
    expect(openingOrders('n1', given, 90)).toBe(
      'deadline\t90\nname\tn1\tabc\npoint\toffice\toffice.example.com\t443\naddress\t-\nlisten\ttcp\t6443\nready\n',
    )
    const flows = [
      { protocol: 'tcp', port: 6443, expect: 'taken' },
      { protocol: 'udp', port: 8472, expect: 'ours' },
    ] as const
    expect(probeOrders([{ host: 'n1', address: '10.0.0.1', measurePort: 4000, flows }])).toBe(
      'target\tn1\t10.0.0.1\t4000\ttcp:6443:taken\tudp:8472:ours\ngo\n',
    )
  })
  it('fits into one argument of a process', () => {
    const ports = Array.from({ length: 20 }, (_, i) => ({ protocol: 'tcp', port: 6443 + i }) as const)
    expect(Buffer.byteLength(peerScript(ports))).toBeLessThan(100_000)
  })
  it('asks for a port once, however many hosts offer it', () => {
    const port = { protocol: 'tcp', port: 6443 } as const
    expect(peerScript([port, port, port])).toBe(peerScript([port]))
  })
})

describe('what a host offers', () => {
  it('is read with who holds what is taken', () => {
    const text = [
      'owner\ttcp/6443\tkube-apiserver',
      'owner\ttcp/6443\tkube-apiserver',
      'owner\tudp/8472\tkernel',
      'program\tperl',
      'listen\ttcp\t6443\ttaken',
      'listen\tudp\t8472\ttaken',
      'listen\ttcp\t10250\tours',
      'listen\ttcp\t80\tfailed: Permission denied',
      'listen\ttcp\t81\ttaken',
      'measure\t40123',
      'own\t10.0.0.1',
      '',
    ].join('\n')
    expect(readListening(text)).toEqual({
      address: '10.0.0.1',
      measurePort: 40_123,
      program: 'perl',
      ports: new Map([
        ['tcp/6443', { state: 'taken', by: 'kube-apiserver' }],
        ['udp/8472', { state: 'taken', by: 'kernel' }],
        ['tcp/10250', { state: 'ours', by: '' }],
        ['tcp/80', { state: 'failed', by: 'Permission denied' }],
        ['tcp/81', { state: 'taken', by: 'somebody' }],
      ]),
    })
  })
  it('may be nothing', () => {
    expect(readListening('program\tnone\n')).toEqual({
      address: undefined,
      measurePort: 0,
      program: 'none',
      ports: new Map(),
    })
    expect(readListening('own\t-\n').address).toBeUndefined()
  })
})

describe('what a host saw', () => {
  it('is read line by line', () => {
    const text = [
      'reach\tn2\ttcp\t6443\treached\t0.385',
      'reach\tn2\tudp\t8472\tsilent\t',
      'reach\tn3\ttcp\t6443\tunreachable: No route to host\t',
      'reach\tn3\ttcp\t6444\tfailed: Too many open files\t',
      'reach\tn3\tsctp\t1\treached\t',
      'heard\tn2\t8472',
      'rtt\tn2\tudp\t0.023\t0.028',
      'skew\tn2\t-1.500\t0.012',
      'mtu\tn2\t1400\t1500',
      'point\toffice\ttcp\t20.1\t21.2',
      'point\tmoon\tsilent',
      'motd of a host that says more than it was asked',
    ].join('\n')
    expect(readSeen(text)).toEqual({
      reaches: [
        { to: 'n2', protocol: 'tcp', port: 6443, state: 'reached', ms: 0.385 },
        { to: 'n2', protocol: 'udp', port: 8472, state: 'silent' },
        { to: 'n3', protocol: 'tcp', port: 6443, state: 'unreachable', why: 'No route to host' },
        { to: 'n3', protocol: 'tcp', port: 6444, state: 'unreachable', why: 'Too many open files' },
      ],
      heard: new Set(['n2 8472']),
      rtt: new Map([['n2', { by: 'udp', leastMs: 0.023, medianMs: 0.028 }]]),
      skew: new Map([['n2', { aheadMs: -1.5, errorMs: 0.012 }]]),
      mtu: new Map([['n2', { pathBytes: 1400, linkBytes: 1500 }]]),
      points: new Map<string, object>([
        ['office', { leastMs: 20.1, medianMs: 21.2 }],
        ['moon', { why: 'silent' }],
      ]),
    })
  })
})

describe('a clock', () => {
  it('is known to within the shortest way there and back', () => {
    const readings = [
      { askedMs: 1000, heardMs: 1100, hostMs: 6050 },
      { askedMs: 2000, heardMs: 2020, hostMs: 7012 },
    ]
    expect(clockBounds(readings)).toEqual({ leastMs: 4991, mostMs: 5012 })
    expect(clockBounds([])).toBeUndefined()
  })
})
