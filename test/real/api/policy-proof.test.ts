import { afterAll, beforeAll, expect, test } from 'vitest'
import { GroundMade } from '../../../src/cluster/proof/proof-ground-made.ts'
import { proofGround } from '../../../src/cluster/proof/proof-objects.ts'
import { ApiHost } from '../../support/api-host.ts'
import { apiNode } from '../../support/api-node.ts'
import { ONE_NODE } from '../../support/node.ts'

let host: ApiHost
beforeAll(async () => {
  host = await ApiHost.serving(await apiNode(ONE_NODE))
}, 180_000)
afterAll(() => host?.[Symbol.asyncDispose]())

// Without a kubelet no pod would ever run: there is none of them.
const ground = (run: string) =>
  proofGround({ run: `20261123t000000-${run}`, who: 'me@here', since: 'now', nodes: [], image: 'none' })
const never = new AbortController().signal
const policies = () => host.kubectl('get networkpolicies -A --no-headers -o custom-columns=:.metadata.namespace')

test('the policy of a proof is there when it is asked for, not before, and goes with all the rest', async () => {
  const wanted = ground('aaaaaa')
  const made = await GroundMade.make(host.session('dash'), wanted, never)
  expect(made.said?.trouble).toBeUndefined()
  expect(await policies()).not.toContain(wanted.namespace)
  expect(await made.underPolicy(never)).toBeUndefined()
  expect(await policies()).toContain(wanted.namespace)
  // Once more is no fault: it is the same object.
  expect(await made.underPolicy(never)).toBeUndefined()
  expect(await made.remove()).toBeUndefined()
  expect(await policies()).not.toContain(wanted.namespace)
  expect(await host.kubectl('get namespaces -l provision.dev/proof -o name')).toBe('')
}, 120_000)

test('a policy that the API server refuses is told, and the rest still goes', async () => {
  const wanted = ground('bbbbbb')
  const broken = { ...wanted, policy: { ...wanted.policy, spec: { policyTypes: ['Sideways'] } } }
  const made = await GroundMade.make(host.session('dash'), broken, never)
  expect(await made.underPolicy(never)).toMatch(/Sideways/)
  expect(await made.remove()).toBeUndefined()
}, 120_000)

test('a run that is stopped meanwhile takes it away as well', async () => {
  const wanted = ground('cccccc')
  const stop = new AbortController()
  const made = await GroundMade.make(host.session('dash'), wanted, stop.signal)
  const asked = made.underPolicy(stop.signal)
  stop.abort()
  expect(await asked).toBe('it was stopped')
  expect(await made.remove()).toBeUndefined()
  expect(await policies()).not.toContain(wanted.namespace)
}, 120_000)
