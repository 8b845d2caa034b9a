import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { complaint } from './load.ts'

/** Every wrong inventory in test/cases/inventory, with what is said about it beside it. */
const folder = new URL('../cases/inventory/', import.meta.url)
const names = readdirSync(folder).flatMap((name) => (name.endsWith('.yaml') ? [name.slice(0, -5)] : []))
const read = (name: string) => readFileSync(new URL(name, folder), 'utf8')

test('there are cases', () => {
  expect(names.length).toBeGreaterThan(30)
})

describe.each(names)('%s', (name) => {
  test('says exactly this', () => {
    expect(`${complaint(read(`${name}.yaml`), [], `${name}.yaml`)}\n`).toBe(read(`${name}.txt`))
  })

  test('shows no secret, and gives every problem its place', () => {
    const text = complaint(read(`${name}.yaml`), [], `${name}.yaml`)
    expect(text).not.toContain('canary')
    expect(text).not.toContain('hunter2')
    const count = Number(/has (\d+) problem/.exec(text)?.[1])
    expect(text.match(new RegExp(`^${name}\\.yaml:\\d+:\\d+$`, 'gm'))).toHaveLength(count)
  })
})
