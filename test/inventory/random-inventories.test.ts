import fc from 'fast-check'
import { expect, test } from 'vitest'
import { couplingRule } from '../../src/catalog/coupling-rules.ts'
import { ENTRY_RULES } from '../../src/inventory/entry-rules.ts'
import { schemaAt } from '../../src/inventory/json-schema.ts'
import { InventoryError, type Problem } from '../../src/inventory/problem.ts'
import { pathOf, without } from '../support/places.ts'
import { randomInventory } from '../support/random-inventories.ts'
import { ruleNamed } from '../support/verdict.ts'
import { load } from './load.ts'

function problemsOf(text: string): readonly Problem[] {
  try {
    load(text)
    return []
  } catch (error) {
    if (error instanceof InventoryError) return error.problems
    throw error
  }
}

const isRule = (id: string) => couplingRule(id) !== undefined || ENTRY_RULES.some((rule) => rule.id === id)

test('whatever is refused names a rule that can be explained, or points at a key of the schema', () => {
  const rules = new Set<string>()
  fc.assert(
    fc.property(randomInventory, (inventory) => {
      const text = JSON.stringify(inventory)
      for (const problem of problemsOf(text)) {
        const rule = ruleNamed(problem)
        if (rule !== undefined) expect(isRule(rule), rule).toBe(true)
        if (rule !== undefined) rules.add(rule)
        const path = pathOf(text, problem)
        expect(path.length, problem.what).toBeGreaterThan(0)
        expect(schemaAt(path).length, problem.what).toBeGreaterThan(0)
      }
    }),
    { numRuns: 600 },
  )
  expect(rules.size).toBeGreaterThan(8)
})

/**
 * Findings that exclude each other could not all be done. What each points at is deleted, and looked at again: as data only ever
 * gets less, this ends; where no check asks for what another forbids, it ends with an inventory that is taken.
 */
test('what is refused is taken once everything that is pointed at is gone: no two findings exclude each other', () => {
  let refused = 0
  fc.assert(
    fc.property(randomInventory, (inventory) => {
      const said: string[] = []
      let data: unknown = inventory
      for (;;) {
        const text = JSON.stringify(data)
        const [problem] = problemsOf(text)
        if (!problem) break
        refused += said.length === 0 ? 1 : 0
        said.push(problem.what)
        const path = pathOf(text, problem)
        expect(path.length, `nothing left to delete: ${said.join('; ')}`).toBeGreaterThan(0)
        data = without(data, path)
      }
    }),
    { numRuns: 400 },
  )
  expect(refused).toBeGreaterThan(100)
  expect(refused).toBeLessThan(400)
})
