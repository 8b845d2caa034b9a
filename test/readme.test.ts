import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { RESULTS } from './readme.ts'
import { shownIn, tableOf, withTable } from './support/results.ts'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')

test("README's table of options is what npm run readme makes of the results", () => {
  const results = JSON.parse(readFileSync(RESULTS, 'utf8'))
  expect(withTable(readme, results)).toBe(readme)
  expect(Object.keys(results.api).length).toBeGreaterThan(0)
})

const file = (name: string, status: string, shows?: readonly string[]) => ({
  name: new URL(`../test/real/api/${name}`, import.meta.url).pathname,
  assertionResults: [{ status, meta: shows ? { shows } : {} }],
})

test('an option counts where every test that was to show it passed', () => {
  const report = {
    testResults: [
      file('b.test.ts', 'passed', ['x', 'y']),
      file('a.test.ts', 'passed', ['y']),
      file('c.test.ts', 'failed', ['x']),
      file('d.test.ts', 'skipped', ['z']),
      file('e.test.ts', 'passed'),
    ],
  }
  expect(shownIn(report)).toEqual({ y: ['test/real/api/a.test.ts', 'test/real/api/b.test.ts'] })
})

test('each option is a line, with what was done of it', () => {
  const table = tableOf({
    main: { x: ['test/real/main/m.test.ts'] },
    api: { x: ['test/real/api/a.test.ts'], y: [] },
  })
  expect(table.split('\n').slice(2)).toEqual([
    '| x | yes | yes | `main/m.test.ts`, `api/a.test.ts` |',
    '| y | no | yes |  |',
  ])
})
