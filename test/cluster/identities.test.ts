import { expect, test } from 'vitest'
import { duplicates, identityFinding } from '../../src/cluster/requirements/identity.ts'
import type { Identity } from '../../src/facts/identity.ts'

function host(name: string, more: Partial<Identity> = {}): Identity {
  return { hostname: name, machineId: `id of ${name}`, productUuid: `uuid of ${name}`, macs: new Map(), ...more }
}

const mac = (address: string) => new Map([['eth0', address]])

test.each<[string, Record<string, Identity>, unknown[]]>([
  ['two hosts of their own', { a: host('a', { macs: mac('02:00') }), b: host('b', { macs: mac('02:01') }) }, []],
  [
    'a clone that got a new name only',
    { a: host('a', { macs: mac('02:00') }), b: { ...host('a'), hostname: 'b', macs: mac('02:00') } },
    [
      { what: 'machine id', value: 'id of a', hosts: ['a', 'b'] },
      { what: 'firmware id', value: 'uuid of a', hosts: ['a', 'b'] },
      { what: 'card address', value: '02:00', hosts: ['a', 'b'] },
    ],
  ],
  [
    'three hosts of one name',
    { c: host('node'), a: { ...host('a'), hostname: 'node' }, b: { ...host('b'), hostname: 'node' } },
    [{ what: 'host name', value: 'node', hosts: ['a', 'b', 'c'] }],
  ],
  [
    'firmware that has no id says nothing',
    {
      a: host('a', { productUuid: '00000000-0000-0000-0000-000000000000' }),
      b: host('b', { productUuid: '00000000-0000-0000-0000-000000000000' }),
      c: host('c', { productUuid: 'ffffffff-ffff-ffff-ffff-ffffffffffff' }),
      d: host('d', { productUuid: 'ffffffff-ffff-ffff-ffff-ffffffffffff' }),
      e: host('e', { productUuid: '' }),
      f: host('f', { productUuid: '' }),
    },
    [],
  ],
  [
    'two cards of one host may share an address (a bond)',
    {
      a: host('a', {
        macs: new Map([
          ['eth0', '02:00'],
          ['eth1', '02:00'],
        ]),
      }),
    },
    [],
  ],
])('%s', (_, hosts, expected) => {
  expect(duplicates(new Map(Object.entries(hosts)))).toEqual(expected)
})

test('each host is told what it shares and with whom', () => {
  const found = duplicates(
    new Map([
      ['a', host('node')],
      ['b', { ...host('b'), hostname: 'node' }],
      ['c', host('c')],
    ]),
  )
  expect(identityFinding('a', found, {})).toMatchObject({
    met: false,
    severity: 'required',
    evidence: 'host name node shared with b',
    fix: expect.stringContaining('hostnamectl set-hostname'),
  })
  expect(identityFinding('c', found, {})).toMatchObject({ met: true })
  expect(identityFinding('a', found, { 'unique-identity': 'a test' })).toMatchObject({ met: false, accepted: 'a test' })
})
