import { expect, test } from 'vitest'
import { answersOf, type Fact, probe } from '../../src/core/fact.ts'
import type { Section } from '../../src/core/host.ts'
import { readLook } from '../../src/core/look.ts'

const size: Fact<string, string | undefined> = {
  name: 'size',
  id: (path) => path,
  script: () => ':',
  parse: (lines) => lines[0]?.[0],
}

/** What a look prints of that fact. */
function said(text: string, code = 0): readonly Section[] {
  const section = { droppedBytes: 0 }
  return [
    { ...section, mark: ['fact', 'size'], text },
    { ...section, mark: ['done', 'size', String(code)], text: code === 0 ? '' : 'no such tool' },
  ]
}

test('a closer look adds to what a fact said before, and its word on the same thing is the later one', () => {
  const first = readLook(said('/a\t1\n/b\t2\n'))
  const answers = answersOf(readLook(said('/b\t3\n/c\t4\n'), first))
  expect(['/a', '/b', '/c'].map((path) => answers.get(probe(size, path)))).toEqual(['1', '3', '4'])
})

test.each([
  ['the first', said('', 1), said('/c\t4\n')],
  ['the closer', said('/a\t1\n'), said('', 1)],
])('a fact that failed in %s look answers nothing, rather than "nothing is there"', (_, first, closer) => {
  const answers = answersOf(readLook(closer, readLook(first)))
  expect(() => answers.get(probe(size, '/a'))).toThrow('no such tool')
})
