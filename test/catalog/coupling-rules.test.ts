import { globSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { COUPLING_RULES, couplingRule } from '../../src/catalog/coupling-rules.ts'
import { REQUIREMENTS } from '../../src/catalog/requirements.ts'

const ROOT = new URL('../../', import.meta.url).pathname
const checks = globSync('src/inventory/*checks.ts', { cwd: ROOT }).map((file) => readFileSync(`${ROOT}${file}`, 'utf8'))

test('every rule that a message names can be explained', () => {
  const named = checks.flatMap((text) => [...text.matchAll(/byRule\('([^']+)'/g)].map(([, id = '']) => id))
  expect(named).toContain('no-kube-proxy')
  expect(named.filter((id) => couplingRule(id) === undefined)).toEqual([])
})

test('each says what of, why, by whom, and as of when; its id is nobody else’s', () => {
  for (const [id, rule] of Object.entries(COUPLING_RULES)) {
    expect(id).toMatch(/^[a-z0-9]+(-[a-z0-9]+)+$/)
    expect(Object.keys(REQUIREMENTS)).not.toContain(id)
    expect(rule.date).toMatch(/^20\d\d-\d\d$/)
    for (const text of [rule.when, rule.wants, rule.reason, rule.source]) expect(text).not.toBe('')
  }
  expect(couplingRule('toString')).toBeUndefined()
})
