import type { Inventory } from '../../src/inventory/inventory.ts'
import { loadInventory } from '../../src/inventory/load.ts'
import { InventoryError } from '../../src/inventory/problem.ts'

export const openNothing = () => Promise.reject(new Error('loading must not open a secret'))

export function load(text: string, set: readonly string[] = [], file = 'inventory.yaml'): Inventory {
  return loadInventory(text, { file, set, home: '/home/me', openSecret: openNothing })
}

/** The error's text, or `ok`. Anything but an InventoryError is a fault of ours and stays one. */
export function complaint(text: string, set: readonly string[] = [], file = 'inventory.yaml'): string {
  try {
    load(text, set, file)
    return 'ok'
  } catch (error) {
    if (error instanceof InventoryError) return error.message
    throw error
  }
}

/** A whole inventory around a few lines. */
export function inventoryWith(lines: string, host = '{roles: [control-plane, worker]}'): string {
  return `name: lab\nkubernetes: {version: "1.36.3"}\n${lines}\nhosts:\n  node1: ${host}\n`
}
