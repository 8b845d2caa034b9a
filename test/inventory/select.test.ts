import { describe, expect, test } from 'vitest'
import { InputError } from '../../src/core/errors.ts'
import { selectHosts } from '../../src/inventory/select.ts'
import { load } from './load.ts'

const inventory = load(`name: lab
kubernetes: {version: "1.36.3"}
groups: {edge: {hosts: [web-2]}, empty: {}}
hosts:
  control: {roles: [control-plane]}
  web-1: {roles: [worker]}
  web-2: {roles: [worker]}
  db: {roles: [worker], groups: [edge]}
`)
const select = (...patterns: string[]) => selectHosts(inventory, patterns).map((host) => host.name)

describe('hosts that patterns name', () => {
  test.each([
    [[], 'control web-1 web-2 db'],
    [['all'], 'control web-1 web-2 db'],
    [['db', 'control'], 'control db'],
    [['db,control'], 'control db'],
    [['web-*'], 'web-1 web-2'],
    [['*-?'], 'web-1 web-2'],
    [['d*b'], 'db'],
    [['group:edge'], 'web-2 db'],
    [['group:e*'], 'web-2 db'],
    [['role:worker'], 'web-1 web-2 db'],
    [['!web-1'], 'control web-2 db'],
    [['role:worker', '!group:edge'], 'web-1'],
    [['!web-*,!db'], 'control'],
  ])('%j', (patterns, names) => {
    expect(select(...patterns).join(' ')).toBe(names)
  })

  test.each([
    ['web-3', 'no host is called "web-3"', 'did you mean web-1?'],
    ['edge', 'no host is called "edge"', 'that is a group: write group:edge'],
    ['web_*', 'no host is called "web_*"', undefined],
    ['group:egde', 'no group is called "egde"', 'did you mean group:edge?'],
    ['group:empty', 'group "empty" has no hosts', undefined],
    ['role:master', 'there is no role "master"', 'roles: control-plane, worker'],
    ['db,!db', '"db" "!db" leaves no host', 'choose from: control, web-1, web-2, db'],
    ['toString', 'no host is called "toString"', undefined],
    ['\u001b[31m', 'no host is called "\\u001b[31m"', undefined],
  ])('%s is refused', (pattern, what, fix) => {
    try {
      select(pattern)
      expect.unreachable()
    } catch (error) {
      expect(error).toBeInstanceOf(InputError)
      expect((error as InputError).trouble.what).toBe(what)
      if (fix) expect((error as InputError).trouble.fix).toBe(fix)
      expect((error as InputError).trouble.fix).toBeTruthy()
    }
  })

  test('a long pattern of stars takes no time', () => {
    const start = performance.now()
    expect(() => select('*a'.repeat(2000))).toThrow('no host is called')
    expect(performance.now() - start).toBeLessThan(500)
  })
})
