import { expect, test } from 'vitest'
import { objectTexts } from '../../src/resources/object-text.ts'

test('an object is shown as it is', () => {
  const [before, after] = [1, 2].map((n) => ({ kind: 'ConfigMap', data: { n } }))
  expect(objectTexts(before ?? {}, after ?? {})).toEqual({
    before: 'kind: ConfigMap\ndata:\n  n: 1\n',
    after: 'kind: ConfigMap\ndata:\n  n: 2\n',
  })
})

test('of a Secret names are shown, and which differ', () => {
  const annotations = { mine: 'shown', 'kubectl.kubernetes.io/last-applied-configuration': '{"data":{"a":"b25l"}}' }
  const secret = (data: Readonly<Record<string, string>>) => ({
    kind: 'Secret',
    metadata: { name: 'x', annotations },
    data,
    stringData: { plain: 'canary' },
  })
  const { before, after } = objectTexts(
    secret({ a: 'b25l', same: 'c2FtZQ==' }),
    secret({ a: 'dHdv', same: 'c2FtZQ==', more: 'bW9yZQ==' }),
  )
  expect(before).toContain('a: ‹secret›\n  same: ‹secret›\nstringData:\n  plain: ‹secret›\n')
  expect(after).toContain('a: ‹secret›, differs\n  same: ‹secret›\n  more: ‹secret›, differs\n')
  expect(before + after).toMatch(/mine: shown/)
  expect(before + after).not.toMatch(/b25l|dHdv|c2FtZQ|bW9yZQ|canary/)
})
