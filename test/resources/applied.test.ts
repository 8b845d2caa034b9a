import { describe, expect, it } from 'vitest'
import type { KubeObject } from '../../src/facts/kube-object.ts'
import { isApplied } from '../../src/resources/applied.ts'

const wanted: KubeObject = {
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name: 'agent', namespace: 'net', labels: { app: 'agent' } },
  spec: {
    template: {
      spec: {
        containers: [
          {
            name: 'agent',
            image: 'agent:1',
            args: ['--fast'],
            ports: [{ containerPort: 53 }],
            env: [{ name: 'LEVEL', value: '1' }],
          },
        ],
        tolerations: [{ operator: 'Exists' }],
      },
    },
  },
}

const CONTAINER = 'k:{"name":"agent"}'

/** As an API server answers after our apply: its defaults are in, and each field we sent is ours. */
function living(): KubeObject {
  const container = {
    '.': {},
    'f:name': {},
    'f:image': {},
    'f:args': {},
    'f:ports': { 'k:{"containerPort":53,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} } },
    'f:env': { 'k:{"name":"LEVEL"}': { '.': {}, 'f:name': {}, 'f:value': {} } },
  }
  const pod = { 'f:containers': { [CONTAINER]: container }, 'f:tolerations': {} }
  const fieldsV1 = { 'f:metadata': { 'f:labels': { 'f:app': {} } }, 'f:spec': { 'f:template': { 'f:spec': pod } } }
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: {
      name: 'agent',
      namespace: 'net',
      uid: 'u',
      generation: 1,
      labels: { app: 'agent', 'by-somebody': 'else' },
      managedFields: [
        { manager: 'provision', operation: 'Apply', fieldsType: 'FieldsV1', fieldsV1 },
        { manager: 'provision', operation: 'Apply', subresource: 'status', fieldsV1: { 'f:status': {} } },
        { manager: 'kube-controller-manager', operation: 'Update', fieldsV1: { 'f:status': {} } },
      ],
    },
    spec: {
      revisionHistoryLimit: 10,
      template: {
        spec: {
          restartPolicy: 'Always',
          containers: [
            {
              name: 'agent',
              image: 'agent:1',
              imagePullPolicy: 'IfNotPresent',
              args: ['--fast'],
              ports: [{ containerPort: 53, protocol: 'TCP' }],
              env: [{ name: 'LEVEL', value: '1' }],
            },
          ],
          tolerations: [{ operator: 'Exists' }],
        },
      },
    },
    status: { numberReady: 1 },
  }
}

// biome-ignore lint/suspicious/noExplicitAny: the test reaches into an object of any shape
type Loose = Record<string, any>

function changed(object: KubeObject, change: (object: Loose) => void): KubeObject {
  const copy = structuredClone(object)
  change(copy)
  return copy
}

const container = (object: Loose) => object.spec.template.spec.containers[0]
const owned = (object: Loose) => object.metadata.managedFields[0].fieldsV1['f:spec']['f:template']['f:spec']

describe('an object in the cluster', () => {
  it('is as applied when every value is there and all we own is wanted', () => {
    expect(isApplied(wanted, living(), 'provision')).toBe(true)
  })

  it.each<[string, (live: Loose) => void]>([
    ['a value is another', (live) => (container(live).image = 'agent:2')],
    ['a value of a list is another', (live) => (container(live).args = ['--slow'])],
    ['somebody added to a list of ours', (live) => container(live).args.push('--extra')],
    ['a label is gone', (live) => delete live.metadata.labels.app],
    ['nobody says who owns what', (live) => delete live.metadata.managedFields],
    ['another manager applied it', (live) => (live.metadata.managedFields[0].manager = 'kubectl')],
    ['we only updated it', (live) => (live.metadata.managedFields[0].operation = 'Update')],
    ['it is of another version', (live) => (live.apiVersion = 'apps/v2')],
    ['we own a field we no longer want', (live) => (owned(live)['f:hostNetwork'] = {})],
    ['we own an item we no longer want', (live) => (owned(live)['f:containers']['k:{"name":"old"}'] = { '.': {} })],
    [
      'we own a port we no longer want',
      (live) => (owned(live)['f:containers'][CONTAINER]['f:ports']['k:{"containerPort":54,"protocol":"TCP"}'] = {}),
    ],
    [
      'we own a value of a set we no longer want',
      (live) => (live.metadata.managedFields[0].fieldsV1['f:metadata']['f:finalizers'] = { 'v:"x"': {} }),
    ],
  ])('is not surely as applied when %s', (_what, change) => {
    expect(isApplied(wanted, changed(living(), change), 'provision')).toBe(false)
  })

  it('tells two ports of one number apart, the first of them without its protocol', () => {
    const ports = { 'k:{"containerPort":53,"protocol":"UDP"}': { '.': {}, 'f:containerPort': {}, 'f:protocol': {} } }
    const withBoth = changed(wanted, (object) => container(object).ports.push({ containerPort: 53, protocol: 'UDP' }))
    const live = changed(living(), (object) => {
      container(object).ports.push({ containerPort: 53, protocol: 'UDP' })
      Object.assign(owned(object)['f:containers'][CONTAINER]['f:ports'], ports)
    })
    expect(isApplied(withBoth, live, 'provision')).toBe(true)
    expect(isApplied(wanted, live, 'provision')).toBe(false)
  })

  it('needs no record of who owns what where nothing but a name is wanted', () => {
    const bare: KubeObject = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'cert', namespace: 'net' } }
    const filled = { ...bare, metadata: { ...bare.metadata, uid: 'u' }, data: { key: 'eA==' }, type: 'Opaque' }
    expect(isApplied(bare, filled, 'provision')).toBe(true)
    expect(isApplied({ ...bare, type: 'Opaque' }, filled, 'provision')).toBe(false)
  })

  it('keeps a value of a set that is still wanted', () => {
    const withSet = changed(wanted, (object) => (object.metadata.finalizers = ['x']))
    const live = changed(living(), (object) => {
      object.metadata.finalizers = ['x']
      object.metadata.managedFields[0].fieldsV1['f:metadata']['f:finalizers'] = { 'v:"x"': {} }
    })
    expect(isApplied(withSet, live, 'provision')).toBe(true)
  })
})
