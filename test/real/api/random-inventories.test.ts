import fc from 'fast-check'
import { expect, test } from 'vitest'
import { InventoryError } from '../../../src/inventory/problem.ts'
import { apiNode } from '../../support/api-node.ts'
import { apiPlay } from '../../support/api-play.ts'
import { renderedOf } from '../../support/choice-plays.ts'
import { nodeOf } from '../../support/node.ts'
import { randomInventory } from '../../support/random-inventories.ts'

// In this ring for upstream's own manifests, which nothing but the lab's cache has; nothing is sent.
const { artifacts } = await apiNode('name: a\nkubernetes: {version: "1.36.3"}\nhosts: {b: {roles: [control-plane]}}\n')

test('whatever inventory is taken compiles to manifests', () => {
  const sets = new Set<string>()
  fc.assert(
    fc.property(randomInventory, (inventory) => {
      for (const { resource } of playOf(JSON.stringify(inventory))) {
        if (!resource.key.startsWith('manifests:')) continue
        renderedOf(resource)
        sets.add(resource.key)
      }
    }),
    { numRuns: 200 },
  )
  expect([...sets]).toEqual(expect.arrayContaining(['manifests:flannel', 'manifests:calico', 'manifests:traefik']))
})

function playOf(text: string) {
  try {
    return apiPlay(nodeOf(text, { artifacts })).resources
  } catch (error) {
    if (error instanceof InventoryError) return []
    throw error
  }
}
