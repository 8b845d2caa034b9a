import { describe, expect, it } from 'vitest'
import { parseMirror, sourceLine } from '../../src/lab/debian/archive.ts'

describe('the Debian mirror', () => {
  it.each([
    [
      'the first index of the main archive',
      `Debian|Debian-Security|main|bookworm-security|amd64|http://mirror.example/security/
google|cloud|main|bookworm|amd64|https://packages.example/
Debian|Debian|main|bookworm-updates|amd64|http://mirror.example/debian/
`,
      { uri: 'http://mirror.example/debian', architecture: 'amd64', suite: 'bookworm' },
    ],
    [
      'another architecture and a mirror with a path',
      'Debian|Debian|main|trixie|arm64|https://cache.example:3142/deb/debian//\n',
      { uri: 'https://cache.example:3142/deb/debian', architecture: 'arm64', suite: 'trixie' },
    ],
    ['no Debian', 'Ubuntu|Ubuntu|main|noble|amd64|http://mirror.example/ubuntu/\n', undefined],
    ['nothing', '', undefined],
    ['only a part that is not main', 'Debian|Debian|contrib|trixie|amd64|http://mirror.example/debian/', undefined],
  ])('is read from %s', (_, text, wanted) => {
    expect(parseMirror(text)).toEqual(wanted)
  })
  it('gives a line of sources.list for another suite, signed by a keyring', () => {
    expect(sourceLine({ uri: 'http://mirror.example/debian' }, 'forky', '/k.gpg')).toBe(
      'deb [signed-by=/k.gpg] http://mirror.example/debian forky main',
    )
  })
})
