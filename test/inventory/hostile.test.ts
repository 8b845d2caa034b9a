import { describe, expect, test } from 'vitest'
import { decodeInventory } from '../../src/inventory/read.ts'
import { complaint, inventoryWith, load } from './load.ts'

const MiB = 1024 * 1024

/** Processor time of this thread: other work on the machine does not count. */
function timed<T>(work: () => T): readonly [result: T, elapsedMs: number] {
  const before = process.threadCpuUsage()
  const result = work()
  const { user, system } = process.threadCpuUsage(before)
  return [result, (user + system) / 1000]
}

/** Texts made to hurt. Each is refused within a second, with a place. */
const hostile: Record<string, readonly [text: string, says: RegExp]> = {
  'brackets 20000 deep': ['['.repeat(20_000), /inventory.yaml:1:33\n {2}nested more than 32 deep/],
  'braces 20000 deep': [`a: ${'{a: '.repeat(20_000)}`, /nested more than 32 deep/],
  'a million brackets': ['['.repeat(MiB), /nested more than 32 deep/],
  'closing brackets': [']'.repeat(MiB), /"]" closes a bracket that was never opened/],
  'dashes 20000 deep': ['- '.repeat(20_000), /nested more than 32 deep/],
  'question marks': ['? '.repeat(MiB / 2), /a \? begins a key of several lines/],
  'indented 1400 deep': [
    Array.from({ length: 1400 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'),
    /nested (more than 32 deep|too deeply)/,
  ],
  'an alias bomb': [bomb(9), /more than 100000 values once every \*alias is written out/],
  'an alias bomb of merges': [mergeBomb(60), /more than 100000 values/],
  'an alias to itself': ['a: &a [*a]', /this \*alias stands inside the value it refers to/],
  'a key twice': ['a: 1\na: 2', /"a" stands here a second time, after line 1/],
  '90000 keys': [Array.from({ length: 90_000 }, (_, i) => `k${i}: v`).join('\n'), /too long/],
  '15000 variables': [
    `name: a\nvars:\n${Array.from({ length: 15_000 }, (_, i) => `  k${i}: v`).join('\n')}`,
    /"kubernetes" is missing/,
  ],
  '20000 unknown keys': [Array.from({ length: 20_000 }, (_, i) => `k${i}: v`).join('\n'), /and 19\d\d\d more/],
  'quotes without end': ['"\n'.repeat(MiB / 2), /nothing was done/],
  'nested keys on one line': ['a: b: c\n'.repeat(10_000), /a second "key:" on one line/],
  anchors: ['&a '.repeat(70_000), /more than 1000 &names/],
  'two anchors': ['a: &a &b c', /two &names for one value/],
  tags: ['!a '.repeat(70_000), /a !tag, which has no meaning/],
  'tags that YAML knows': ['a: !!binary aGVsbG8=', /a !tag, which has no meaning/],
  directives: ['%\n'.repeat(MiB / 2), /a line that begins with %/],
  'empty lines': ['\n'.repeat(MiB - 1), /too long/],
  'only tabs': ['\t'.repeat(MiB - 1), /the inventory is empty/],
  'many documents': ['---\n'.repeat(20_000), /a second document begins here/],
  'too many characters': ['a'.repeat(MiB + 1), /more than an inventory may have/],
  'a NUL': ['name: a\0b', /inventory.yaml:1:8\n {2}here is a NUL character/],
  'an escape sequence': ['name: \u001b[31mred', /a character that cannot be seen \(U\+001B\)/],
  'text that reads backwards': ['name: lab # \u202e}', /a character that cannot be seen \(U\+202E\)/],
  'half a character': ['name: \ud800', /a character that cannot be seen \(U\+D800\)/],
  'a byte-order mark inside': ['name: a\uFEFFb', /a character that cannot be seen \(U\+FEFF\)/],
  __proto__: ['__proto__: {a: 1}', /"__proto__" cannot be a name here/],
  'a complex key': ['{a: 1}: 2', /a name is missing before the colon/],
  'a key of 100000 letters': [`${'k'.repeat(100_000)}: 1`, /more than 1024 characters/],
  'a very long value': [inventoryWith(`ssh: {user: ${'u'.repeat(500_000)}}`), /ssh.user is "u{57}…"/],
  'patterns that backtrack': [
    inventoryWith(`ssh: {proxyCommand: "${' '.repeat(100_000)}"}\nnetwork: {interface: ${'-'.repeat(100_000)}}`),
    /network.interface/,
  ],
}

function bomb(levels: number): string {
  const rows = Array.from({ length: levels }, (_, i) => `b${i + 1}: &b${i + 1} [${Array(9).fill(`*b${i}`).join(', ')}]`)
  return ['b0: &b0 lol', ...rows].join('\n')
}

function mergeBomb(levels: number): string {
  const rows = Array.from({ length: levels }, (_, i) => `b${i + 1}: &b${i + 1} {<<: [*b${i}, *b${i}], k${i}: 1}`)
  return ['b0: &b0 {a: 1}', ...rows].join('\n')
}

describe.each(Object.entries(hostile))('%s', (_name, [text, says]) => {
  test('is refused with a place, soon', () => {
    complaint(text.slice(0, 100)) // the first call pays for loading and compiling code
    const [said, elapsedMs] = timed(() => complaint(text))
    expect(said).toMatch(says)
    expect(said).toMatch(/^inventory\.yaml:\d+:\d+$/m)
    expect(said.length).toBeLessThan(20_000)
    expect(said).not.toMatch(/[^\P{Cc}\n]/u)
    expect(elapsedMs).toBeLessThan(1000)
  })
})

test('what harms nobody is accepted: byte-order mark, Windows line ends, no last line end', () => {
  const text = inventoryWith('')
  expect(load(`\uFEFF${text}`).name).toBe('lab')
  expect(load(text.replaceAll('\n', '\r\n')).name).toBe('lab')
  expect(load(text.trimEnd()).name).toBe('lab')
  expect(complaint(`${text.replaceAll('\n', '\r\n')}nme: x`)).toContain('inventory.yaml:6:1')
})

test('a thousand hosts load in a second', () => {
  const hosts = Array.from(
    { length: 1000 },
    (_, i) =>
      `  n${i}: {roles: [${i === 0 ? 'control-plane' : 'worker'}], address: 10.9.${i >> 8}.${i & 255}, labels: {a: "${i}"}, groups: [g]}`,
  )
  const text = `name: big\nkubernetes: {version: "1.36.3", podSubnet: 10.128.0.0/10}\nssh: {user: root}\ngroups: {g: {kernel: {swap: keep}}}\nhosts:\n${hosts.join('\n')}\n`
  load(inventoryWith(''))
  const [inventory, elapsedMs] = timed(() => load(text))
  expect(inventory.hosts).toHaveLength(1000)
  expect(elapsedMs).toBeLessThan(1500)
})

test('prototypes stay clean', () => {
  complaint('__proto__: {polluted: 1}\nconstructor: {prototype: {polluted: 1}}')
  complaint(inventoryWith(''), ['__proto__.polluted=1', 'vars.constructor.prototype.polluted=1'])
  expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  expect(load(inventoryWith('vars: {toString: a, hasOwnProperty: b}')).hosts[0]?.vars).toEqual({
    toString: 'a',
    hasOwnProperty: 'b',
  })
})

describe('bytes', () => {
  const encode = (text: string) => new TextEncoder().encode(text)

  test('one that is not UTF-8 is refused with its place', () => {
    const bytes = Buffer.concat([encode('name: lab\nhosts: ü'), Buffer.from([0xfc]), encode(' # x')])
    expect(() => decodeInventory(bytes, 'a.yaml')).toThrow(
      /^a\.yaml has 1 problem[\s\S]+a\.yaml:2:9\n {2}here is a byte that is not UTF-8 \(0xFC\)[\s\S]+fix: save the file as UTF-8/,
    )
  })

  test('a character cut off at the end is refused', () => {
    expect(() => decodeInventory(encode('name: ü').subarray(0, 7), 'a.yaml')).toThrow('a.yaml:1:7')
  })

  test('UTF-16 is named', () => {
    expect(() => decodeInventory(Buffer.from('\uFEFFname: lab', 'utf16le'), 'a.yaml')).toThrow(
      'a.yaml is stored as UTF-16',
    )
  })
})
