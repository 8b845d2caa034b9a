import { describe, expect, test } from 'vitest'
import { addonWaiting } from '../../src/cluster/addon-wait.ts'
import { addonLines, addonObjects, addonRecord, addonTurns, refuseShared } from '../../src/cluster/addons.ts'
import type { Answers } from '../../src/core/fact.ts'

const read = (text: string) => addonObjects('site', [{ from: 'site.yaml', text }])
const addon = (name: string, text: string, prune = true) => ({ name, wait: [], prune, objects: read(text) })

const CRD = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec: {group: example.com, scope: Namespaced, names: {kind: Widget}}`
const ALL = `apiVersion: v1
kind: List
items:
  - {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}
  - {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: "site:b"}}
---
# Nothing but a comment.
---
${CRD}
---
{apiVersion: example.com/v1, kind: Widget, metadata: {name: c}}
---
{apiVersion: other.example.com/v1, kind: Thing, metadata: {name: d}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: web}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: e, namespace: web}}
`

describe('objects of an add-on', () => {
  test('are where kubectl would put them', () => {
    expect(addonLines([addon('site', ALL)])).toEqual([
      'v1 ConfigMap default/a',
      'rbac.authorization.k8s.io/v1 ClusterRole site:b',
      'apiextensions.k8s.io/v1 CustomResourceDefinition widgets.example.com',
      'example.com/v1 Widget default/c',
      'other.example.com/v1 Thing d',
      'v1 Namespace web',
      'apps/v1 Deployment web/e',
    ])
  })

  test('have kinds and namespaces before what stands on them', () => {
    const { base, rest } = addonTurns(addon('site', ALL))
    expect(base.map(({ kind }) => kind)).toEqual(['CustomResourceDefinition', 'Namespace'])
    expect(rest).toHaveLength(5)
  })

  test('are recorded where they may be deleted, but never a namespace or a kind', () => {
    const { data } = addonRecord([
      addon('site', ALL),
      addon('kept', '{apiVersion: v1, kind: Secret, metadata: {name: s}}', false),
    ])
    const { objects } = data as { readonly objects: string }
    expect(objects.split('\n')).toHaveLength(5)
    expect(objects).not.toMatch(/Namespace|CustomResourceDefinition|Secret/)
  })

  test.each([
    ['nothing', '# a comment', /add-on site has no objects/],
    ['no YAML', 'a: [', /site\.yaml, document 1[\s\S]*not YAML|not YAML/],
    ['no object', '{apiVersion: v1, metadata: {}}', /no kind, metadata\.name/],
    ['a text', 'hello', /no apiVersion, kind, metadata\.name/],
    ['a made-up name', '{apiVersion: v1, kind: Pod, metadata: {generateName: a-}}', /no metadata\.name/],
    ['one twice', `${CRD}\n---\n${CRD}`, /CustomResourceDefinition widgets\.example\.com twice/],
  ])('are refused where there is %s', (_what, text, message) => {
    expect(() => read(text)).toThrow(message)
  })

  test('belong to one add-on; a namespace may be in several', () => {
    const both = (text: string) => () => refuseShared([addon('one', text), addon('two', text)])
    expect(both('{apiVersion: v1, kind: Secret, metadata: {name: s}}')).toThrow(
      /Secret default\/s is in add-on one and in two/,
    )
    expect(both('{apiVersion: v1, kind: Namespace, metadata: {name: web}}')).not.toThrow()
  })
})

describe('what an add-on waits for', () => {
  const judged = (waiting: ReturnType<typeof addonWaiting>, object: object | undefined) =>
    waiting.holds({ get: () => (object ? { state: 'present', object } : { state: 'absent' }) } as never)

  test('a rollout', () => {
    const waiting = addonWaiting({ rollout: 'StatefulSet web/db' })
    const object = (available: number) => ({
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'db', generation: 2 },
      spec: { replicas: 2 },
      status: { observedGeneration: 2, updatedReplicas: 2, availableReplicas: available },
    })
    expect(waiting.probe.ask).toEqual({ apiVersion: 'apps/v1', kind: 'StatefulSet', namespace: 'web', name: 'db' })
    expect(judged(waiting, object(2))).toEqual({ holds: true, evidence: 'StatefulSet web/db: 2 of 2' })
    expect(judged(waiting, object(1))).toMatchObject({ holds: false })
    expect(judged(waiting, undefined)).toEqual({ holds: false, evidence: 'StatefulSet web/db is not there yet' })
    expect(waiting.test).toContain('k -n web rollout status statefulset/db')
  })

  test('a condition of any object', () => {
    const waiting = addonWaiting({ condition: 'Ready=True', of: 'cert-manager.io/v1 ClusterIssuer ca' })
    const object = (status: string) => ({
      kind: 'ClusterIssuer',
      status: { conditions: [{ type: 'Ready', status, message: 'no key' }] },
    })
    expect(judged(waiting, object('True')).holds).toBe(true)
    expect(judged(waiting, object('False'))).toEqual({
      holds: false,
      evidence: 'ClusterIssuer ca: Ready is False: no key',
    })
    expect(judged(waiting, {})).toEqual({ holds: false, evidence: 'ClusterIssuer ca: it has no Ready' })
    expect(waiting.test).toContain('k wait --for=condition=Ready=True ClusterIssuer.v1.cert-manager.io/ca')
  })
})

describe('what is waited for', () => {
  const of = (apiVersion: string) => addonWaiting({ condition: 'Ready=True', of: `${apiVersion} Certificate shop/web` })
  const answers = (status: object) =>
    ({
      get: () => ({
        state: 'present',
        object: { apiVersion: 'a.example/v1', kind: 'Certificate', metadata: { name: 'web', generation: 3 }, status },
      }),
    }) as unknown as Answers

  test('is told apart by the group of its kind', () => {
    expect(of('a.example/v1').id).not.toBe(of('b.example/v1').id)
  })

  test('is what is said of the newest settings', () => {
    const { holds } = of('a.example/v1')
    const ready = { type: 'Ready', status: 'True' }
    expect(holds(answers({ conditions: [ready] })).holds).toBe(true)
    expect(holds(answers({ conditions: [{ ...ready, observedGeneration: 3 }] })).holds).toBe(true)
    expect(holds(answers({ conditions: [{ ...ready, observedGeneration: 2 }] }))).toEqual({
      holds: false,
      evidence: 'Certificate shop/web: its Ready is of the settings before these',
    })
    expect(holds(answers({ observedGeneration: 2, conditions: [ready] })).holds).toBe(false)
  })
})
