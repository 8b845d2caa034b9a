import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { complaint, inventoryWith } from './load.ts'

describe('whatever the text', () => {
  const example = readFileSync(new URL('../../inventory/example.yaml', import.meta.url), 'utf8')

  test('nothing but an InventoryError is thrown', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary', maxLength: 200 }),
          fc.string({ unit: fc.constantFrom(...'{}[]:,-?&*!|>\'"%@`#~ \n\tab0.<'), maxLength: 80 }),
        ),
        (text) => {
          complaint(text)
        },
      ),
      { numRuns: 1500 },
    )
  })

  test('also for the example with pieces cut out, doubled and overwritten', () => {
    const cut = fc.tuple(
      fc.nat(example.length),
      fc.nat(40),
      fc.oneof(
        fc.constant(''),
        fc.string({ maxLength: 8 }),
        fc.constantFrom('null', '[]', '{}', '-1', '"', '\n', '*a', '&a ', '<<: ', 'yes'),
      ),
    )
    fc.assert(
      fc.property(fc.array(cut, { minLength: 1, maxLength: 4 }), (cuts) => {
        complaint(cuts.reduce((text, [at, length, put]) => text.slice(0, at) + put + text.slice(at + length), example))
      }),
      { numRuns: 250 },
    )
  })

  test('also for any data where settings belong', () => {
    const sections = [
      'kubernetes',
      'runtime',
      'network',
      'artifacts',
      'ssh',
      'become',
      'kernel',
      'kubelet',
      'labels',
      'taints',
      'verify',
      'accept',
      'vars',
      'lab',
      'groups',
    ]
    const value = fc.jsonValue({ maxDepth: 3 })
    const keys = fc.constantFrom(
      'version',
      'source',
      'password',
      'sysctl',
      'proxyJump',
      'hosts',
      'mtu',
      'kubeProxy',
      'diskGiB',
      'env',
      'secret',
      'edge',
      'mode',
    )
    const map = fc.dictionary(keys, fc.oneof(value, fc.dictionary(keys, value)))
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...sections), fc.oneof(value, map)), map, (data, host) => {
        const whole = {
          name: 'lab',
          kubernetes: { version: '1.36.3' },
          ...data,
          hosts: { node1: { roles: ['control-plane'], ...host }, node2: host },
        }
        complaint(stringify(whole))
      }),
      { numRuns: 400 },
    )
  })

  test('a password written into it is never shown', () => {
    const c = 'canary'
    const styles = [
      `: ${c}`,
      `: "${c}"`,
      `: '${c}'`,
      `: "x, } ${c}"`,
      `: &a ${c}`,
      `: [${c}]`,
      `: {${c}}`,
      `: {${c}: 1}`,
      `: {env: A, x: ${c}}`,
    ]
    const block = [
      ': |\n      canary',
      ': >-\n      canary',
      ':\n      canary',
      ':\n      - canary',
      ': one\n      canary',
      ':\n    canary\n',
      ': "\n  canary"',
      ': !!str canary',
      ': *canary',
      ': canary: x',
    ]
    const broken = fc.constantFrom('', '}', '"', '\tx', ' - a\nb', 'x: : y', ': z', '\n   odd', ', port: [', '@')
    const line = fc.tuple(
      fc.constantFrom('password', '"password"', 'passphrase', 'user: 1, password'),
      fc.constantFrom(...styles, ...block),
      broken,
    )
    fc.assert(
      fc.property(
        line,
        broken,
        fc.constantFrom('ssh', 'become', 'vars', 'hosts: {a: {ssh: ', 'nonsense'),
        ([key, value, tail], end, section) => {
          const flow = `name: lab\n${section}: {${key}${value}${tail}, port: x}\n${end}\nlast: 1\n`
          const indented = `name: lab\n${section}:\n    ${key}${value}${tail}\n    port: x\n${end}\nlast: 1\n`
          for (const text of [flow, indented]) expect(complaint(text), text).not.toContain(c)
        },
      ),
      { numRuns: 1500 },
    )
  })

  test('also for any --set', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc
            .tuple(
              fc.constantFrom(
                'ssh.port',
                'vars.a',
                'hosts.node1',
                'hosts',
                'kubernetes',
                'lab',
                'ssh.password',
                'groups.g.hosts',
              ),
              fc.string(),
            )
            .map((pair) => pair.join('=')),
        ),
        (set) => {
          complaint(inventoryWith(''), [set])
        },
      ),
      { numRuns: 500 },
    )
  })
})
