import { expect, it } from 'vitest'
import type { Answers } from '../../src/core/fact.ts'
import type { KubeObject, KubeSeen } from '../../src/facts/kube-object.ts'
import { linesOf, recordObject } from '../../src/facts/object-record.ts'
import { removedObjects } from '../../src/resources/removed-objects.ts'

const object = (apiVersion: string, name: string): KubeObject => ({
  apiVersion,
  kind: 'Database',
  metadata: { name, namespace: 'shop' },
})
const RECORD = { namespace: 'kube-system', name: 'ours' }

/** What is said to be deleted, where `had` was applied before and all of it lives. */
function deleted(
  had: readonly KubeObject[],
  keep: readonly KubeObject[],
  more: { readonly recordThen?: 'trimmed' | 'gone' } = {},
): readonly string[] {
  const record: KubeSeen = { state: 'present', object: recordObject(RECORD, linesOf(had)) }
  const answers = {
    get: ({ ask }: { readonly ask: { readonly kind: string } }): KubeSeen =>
      ask.kind === 'ConfigMap' ? record : { state: 'present', object: object('example.com/v1', 'any') },
  } as unknown as Answers
  const want = {
    set: 'a',
    namespace: RECORD.namespace,
    record: RECORD.name,
    kinds: 'any',
    keep: linesOf(keep),
  } as const
  const decision = removedObjects({ ...want, ...more, disrupts: {} }).decide(answers)
  return decision.verdict === 'differs' ? decision.changes.map(({ what }) => what) : []
}

it.each([
  ['what is no longer wanted goes', 'example.com/v1', 'old', ['Database shop/old']],
  ['what is wanted stays', 'example.com/v1', 'db', []],
  ['what is wanted in another version of its kind stays', 'example.com/v1beta1', 'db', []],
  ['what another group calls the same goes', 'example.org/v1', 'db', ['Database shop/db']],
] as const)('%s', (_what, apiVersion, name, gone) => {
  expect(deleted([object(apiVersion, name)], [object('example.com/v1', 'db')])).toEqual(gone)
})

it('the record goes after the last of them, or forgets what is there no more, where nobody applies it afterwards', () => {
  const [old, db] = [object('example.com/v1', 'old'), object('example.com/v1', 'db')]
  expect(deleted([old], [], { recordThen: 'gone' })).toEqual(['Database shop/old', 'ConfigMap ours'])
  expect(deleted([], [], { recordThen: 'gone' })).toEqual(['ConfigMap ours'])
  expect(deleted([old, db], [db], { recordThen: 'trimmed' })).toEqual(['Database shop/old'])
  const newer = object('example.com/v2', 'db')
  expect(deleted([newer, db], [db], { recordThen: 'trimmed' })).toEqual(['ConfigMap ours'])
  expect(deleted([db], [db], { recordThen: 'trimmed' })).toEqual([])
})
