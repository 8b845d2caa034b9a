import { expect, it } from 'vitest'
import { CILIUM_DEFINITIONS, ciliumKinds } from '../../src/cluster/cilium-pools.ts'
import type { Answers } from '../../src/core/fact.ts'
import type { KubeSeen } from '../../src/facts/kube-object.ts'

const definition = (name: string, status: object): KubeSeen => ({
  state: 'present',
  object: { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name }, status },
})
const answered = (status: object) =>
  ({ get: ({ ask }: { ask: { name: string } }) => definition(ask.name, status) }) as unknown as Answers

it('a kind is served once its definition is established, not when it is there', () => {
  expect(ciliumKinds.holds(answered({}))).toEqual({
    holds: false,
    evidence: `not served yet: ${CILIUM_DEFINITIONS.join(', ')}`,
  })
  expect(ciliumKinds.holds(answered({ conditions: [{ type: 'Established', status: 'False' }] })).holds).toBe(false)
  expect(ciliumKinds.holds(answered({ conditions: [{ type: 'Established', status: 'True' }] }))).toEqual({
    holds: true,
    evidence: '2 kinds served',
  })
})
