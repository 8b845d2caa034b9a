import { readFile, readlink } from 'node:fs/promises'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { file } from '../../../src/resources/file.ts'
import { lines } from '../../../src/resources/lines.ts'
import { link } from '../../../src/resources/link.ts'
import { SHELLS, TestHost } from '../../support/test-host.ts'

/** What inventories have held, by accident and on purpose. */
const CORPUS = [
  "it's",
  '"quoted"',
  '$(touch /pwned)',
  '`touch /pwned`',
  '${IFS}',
  '$HOME',
  '; touch /pwned',
  '| touch /pwned',
  '&& x',
  '-rf',
  '--help',
  '*',
  '?',
  '[a-z]',
  '~',
  '~root',
  '#comment',
  '!history',
  ' leading',
  'trailing ',
  'two  spaces',
  '\u{1f980}',
  'é',
  'e\u0301',
  '‮right-to-left',
  '\ufeffbom',
  '%s%n',
  '{a,b}',
  'a=b',
  '=',
  "'",
  "''",
  "'\\''",
  '"',
  '$',
  '$$',
  '(',
  ')',
  '<',
  '>',
  '\u00a0',
  'a:b',
  'x'.repeat(190),
  '0',
  ':',
]
const names = CORPUS.map((text) => text.replaceAll('/', '').replaceAll('\\', '').trimEnd() || 'empty')
const anyText = fc.sample(
  fc.string({ unit: 'binary', maxLength: 60 }).filter((text) => !/[\0\n\r]/.test(text)),
  { seed: 7, numRuns: 60 },
)
const wellFormed = anyText.map((text) => text.toWellFormed())

test.each(SHELLS)('F29: every name, content, line and target arrives byte for byte (%s)', async (shell) => {
  await using host = await TestHost.start(shell)
  const contents = [...CORPUS, ...wellFormed, 'a\nb\r\n\tc\0d', '']
  const want = () => [
    ...names.map((name) => file({ path: `/srv/${name}`, content: name })),
    ...contents.map((content, i) => file({ path: `/opt/${i}`, content })),
    ...names.map((name, i) => link({ path: `/mnt/${i}`, target: name })),
    lines({ path: '/etc/shared', name: 'hostile', lines: [...CORPUS, ...wellFormed, 'back\\slash\\n', '\ttab\t'] }),
  ]
  expect((await host.up(want())).result).toMatchObject({ verdict: 'ok', failures: [] })
  const root = `/proc/${host.pid}/root`
  for (const name of names) expect(await readFile(`${root}/srv/${name}`, 'utf8')).toBe(name)
  for (const [i, content] of contents.entries())
    expect(await readFile(`${root}/opt/${i}`)).toEqual(Buffer.from(content))
  for (const [i, name] of names.entries()) expect(await readlink(`${root}/mnt/${i}`)).toBe(name)
  expect(await host.sh('ls / | grep pwned || printf none')).toBe('none')
  expect((await host.up(want())).result).toMatchObject({ verdict: 'ok', changed: 0 })
})
