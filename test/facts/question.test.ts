import { describe, expect, it } from 'vitest'
import { readNodeSaid } from '../../src/facts/pod-peer.ts'
import { readGround } from '../../src/facts/proof-ground.ts'
import {
  greetedBy,
  nameQuestion,
  namesSomething,
  questionOrders,
  readAsked,
  speaksTls,
  tlsQuestion,
} from '../../src/facts/question.ts'

describe('questions to services', () => {
  it('are one line each, with their text in hexadecimal', () => {
    const [line = '', more] = questionOrders([nameQuestion('dns', '10.96.0.10', 'a.bc', 50)]).split('\n')
    expect(line.split('\t').slice(0, 7)).toEqual(['question', 'dns', 'udp', '10.96.0.10', '53', '50', 'answer'])
    expect(line).toMatch(/\t50560100000100000000000001610262630000010001$/)
    expect(more).toBe('')
  })
  it('are answered in the order they were asked, by what they were about', () => {
    const text = [
      'asked\tservice\tanswered\t1.250\t70726f766973696f6e20616263206e320a',
      'something else',
      'asked\tdns\tsilent\t2000.100\t',
      'asked\tservice\tunreachable: No route to host\t0.100\t',
    ].join('\n')
    const asked = readAsked(text)
    expect(asked.get('service')?.map(({ state, why }) => [state, why])).toEqual([
      ['answered', undefined],
      ['unreachable', 'No route to host'],
    ])
    expect(asked.get('service')?.map((one) => greetedBy(one, 'abc'))).toEqual(['n2', undefined])
    expect(asked.get('service')?.map((one) => greetedBy(one, 'other'))).toEqual([undefined, undefined])
    expect(asked.get('dns')?.[0]).toMatchObject({ state: 'silent', ms: 2000.1 })
  })
  it.each([
    ['505681800001000100000000', true],
    ['505681830001000000000000', false],
    ['505681800001000000000000', false],
    ['5056', false],
  ])('%s says something: %s', (hex, is) => {
    expect(namesSomething({ state: 'answered', ms: 1, heard: Buffer.from(hex, 'hex') })).toBe(is)
  })
  it.each([
    ['1603030041', true],
    ['15030100020228', true],
    ['48545450', false],
    ['', false],
  ])('%s is TLS: %s', (hex, is) => {
    expect(speaksTls({ state: 'answered', ms: 1, heard: Buffer.from(hex, 'hex') })).toBe(is)
  })
  it('greet as TLS does, with the lengths right', () => {
    const hello = Buffer.from(tlsQuestion('api', '10.96.0.1', 443, 1).text ?? [])
    expect([hello[0], hello[5]]).toEqual([22, 1])
    expect(hello.readUInt16BE(3)).toBe(hello.length - 5)
    expect(hello.readUIntBE(6, 3)).toBe(hello.length - 9)
  })
})

describe('what a node says of itself', () => {
  it('has IPVS entries in plain addresses', () => {
    const said = readNodeSaid('forward\t1\nproxy\tipvs\nrule\t0AF40005:1092\nrule\t0AF40105:1092\n')
    expect(said).toEqual({
      forwards: true,
      proxyMode: 'ipvs',
      rules: new Set(['10.244.0.5:4242', '10.244.1.5:4242']),
    })
  })
  it('may not be able to tell', () => {
    expect(readNodeSaid('forward\t0\nproxy\t\nrules\tunseen\tthere is no nft\n')).toEqual({
      forwards: false,
      proxyMode: '',
      rules: { unseen: 'there is no nft' },
    })
    expect(readNodeSaid('').forwards).toBeUndefined()
  })
})

describe('what a proof stands on', () => {
  it('is read from its lines', () => {
    const text = [
      'leftover\tprovision-prove-aaaaaa',
      'service\t10.102.3.4',
      'pod\tu-1\tw1\t10.244.1.5\tRunning\t ',
      'pod\tu-2\tw2\t\tPending\tErrImagePull no such image',
      'event\tu-2\tWarning\tFailed: Error: ErrImagePull',
      'event\tu-1\tNormal\tStarted: Container started',
      'balancer\tdefault/web\tCluster\t10.77.0.200 10.77.0.201\tTCP/80 UDP/53 ',
      'slice\tdefault/web\ttrue false',
      'slice\tdefault/web\ttrue',
      'slice\tdefault/other\ttrue',
    ].join('\n')
    expect(readGround(text)).toEqual({
      trouble: undefined,
      leftovers: ['provision-prove-aaaaaa'],
      service: '10.102.3.4',
      pods: [
        { uid: 'u-1', node: 'w1', address: '10.244.1.5', running: true, why: 'Running' },
        {
          uid: 'u-2',
          node: 'w2',
          address: '',
          running: false,
          why: 'ErrImagePull no such image; Failed: Error: ErrImagePull',
        },
      ],
      balancers: [
        {
          service: 'default/web',
          policy: 'Cluster',
          addresses: ['10.77.0.200', '10.77.0.201'],
          tcpPorts: [80],
          readyEndpoints: 2,
        },
      ],
      remains: undefined,
    })
  })
})
