import { expect, test } from 'vitest'
import type { KubeObject } from '../../src/facts/kube-object.ts'
import { disputed } from '../../src/resources/dispute.ts'

const entry = (manager: string, operation: string, fieldsV1: object) => ({ manager, operation, fieldsV1 })

function living(...managedFields: readonly object[]): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'agent', namespace: 'net', managedFields },
  }
}

const OURS = entry('provision', 'Apply', { 'f:spec': { 'f:paused': {} } })
const CONTAINER = 'k:{"containerPort":53,"protocol":"TCP"}'
const THEIRS = entry('hand', 'Update', {
  'f:metadata': { 'f:finalizers': { '.': {}, 'v:"x"': {} }, 'f:labels': { 'f:theirs': {} } },
  'f:spec': { 'f:ports': { [CONTAINER]: { '.': {}, 'f:name': {} } }, 'f:list': { 'i:0': {} } },
})

const conflict = (field: string) => ({ manager: 'hand', field })
const PORT = '.spec.ports[containerPort=53,protocol="TCP"]'

test('objects are named whose fields are in dispute, in the paths the API server writes', () => {
  const fields = ['.metadata.finalizers', '.metadata.finalizers[="x"]', `${PORT}`, `${PORT}.name`, '.spec.list[0]']
  const trouble = disputed(fields.map(conflict), [living(OURS), living(OURS, THEIRS)], 'provision')
  expect(trouble?.what).toBe(`DaemonSet net/agent: "hand" set ${fields.join(', ')}, and not as wanted here`)
})

test('who else owns a field is taken out of the record, where something of ours is left in it', () => {
  const fix = disputed([conflict(PORT)], [living(OURS, THEIRS)], 'provision')?.fix
  expect(fix?.split('\n')[1]).toBe(
    `kubectl -n net patch DaemonSet.v1.apps/agent --type=json -p '[{"op":"test","path":"/metadata/managedFields/1/manager","value":"hand"},{"op":"remove","path":"/metadata/managedFields/1"}]'`,
  )
})

test('where nothing of ours is left in the record, only the fields in dispute become ours', () => {
  const fix = disputed([conflict(`${PORT}.name`)], [living(THEIRS)], 'provision')?.fix ?? ''
  const patch = JSON.parse(/'(\[.*\])'/.exec(fix)?.[1] ?? '')
  const fieldsV1 = { 'f:spec': { 'f:ports': { [CONTAINER]: { 'f:name': {} } } } }
  expect(patch[1]).toEqual({
    op: 'replace',
    path: '/metadata/managedFields/0',
    value: { manager: 'provision', operation: 'Apply', fieldsV1 },
  })
})

test('where no object says who owns the field, nothing is told', () => {
  expect(disputed([conflict('.spec.other')], [living(OURS, THEIRS)], 'provision')).toBeUndefined()
  expect(disputed([{ manager: 'before-first-apply', field: PORT }], [living()], 'provision')).toBeUndefined()
  expect(disputed([], [living(OURS, THEIRS)], 'provision')).toBeUndefined()
})
