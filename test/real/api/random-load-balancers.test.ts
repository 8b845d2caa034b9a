import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Node } from '../../../src/cluster/node.ts'
import { InventoryError } from '../../../src/inventory/problem.ts'
import { ApiHost } from '../../support/api-host.ts'
import { apiNode } from '../../support/api-node.ts'
import { apiPlay } from '../../support/api-play.ts'
import { runMetallbController } from '../../support/metallb-controller.ts'
import { ONE_NODE } from '../../support/node.ts'
import { randomLoadBalancer } from '../../support/random-load-balancer.ts'

const RUNS = 25

let host: ApiHost
beforeAll(async () => {
  const node = await apiNode(`${ONE_NODE}loadBalancer: {metallb: {pools: {first: {addresses: [10.0.9.0/28]}}}}\n`)
  host = await ApiHost.serving(node)
  await Promise.all([host.carryOut(apiPlay(node)), runMetallbController(host, '10.0.0.11')])
}, 180_000)
afterAll(() => host?.[Symbol.asyncDispose]())

/** Nothing where the inventory is refused: it never comes as far as a cluster. */
function accepted(loadBalancer: object): Promise<Node | undefined> {
  return apiNode(`${ONE_NODE}loadBalancer: ${JSON.stringify(loadBalancer)}\n`).catch((error: unknown) => {
    if (error instanceof InventoryError) return undefined
    throw error
  })
}

test('whatever inventory is accepted, a cluster takes it after any other, in one run', async () => {
  let taken = 0
  const property = fc.asyncProperty(randomLoadBalancer, async (loadBalancer) => {
    const node = await accepted(loadBalancer)
    if (!node) return
    taken++
    expect((await host.carryOut(apiPlay(node))).result).toMatchObject({ verdict: 'ok', failures: [] })
    expect((await host.carryOut(apiPlay(node))).result).toMatchObject({ verdict: 'ok', changed: 0 })
  })
  // What it was before is part of a failure, and cannot be made smaller.
  await fc.assert(property, { numRuns: RUNS, endOnFailure: true })
  expect(taken).toBeGreaterThan(RUNS / 3)
})
