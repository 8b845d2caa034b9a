import { describe, expect, it } from 'vitest'
import { resumeCommand } from '../../src/cli/resume.ts'

describe('resumeCommand', () => {
  it.each<[string, readonly string[], readonly string[], string]>([
    ['for one host', ['up', 'x.yaml', '--yes'], ['a'], 'provision up x.yaml --yes --limit a'],
    [
      'in place of another limit',
      ['up', '--limit', 'role:worker', 'x.yaml'],
      ['a', 'b'],
      'provision up x.yaml --limit a,b',
    ],
    ['in place of a limit with =', ['up', '--limit=c', 'x.yaml'], ['a'], 'provision up x.yaml --limit a'],
    ['for hosts that are named anyway', ['remove', 'x.yaml', 'a'], ['a'], 'provision remove x.yaml a'],
    ['for all hosts', ['up', 'x.yaml', '--limit', 'c'], [], 'provision up x.yaml --limit c'],
    ['without what holds once', ['up', 'x.yaml', '--out', 'p', '--plan=q'], [], 'provision up x.yaml'],
    [
      'quoted for a shell',
      ['up', 'my file.yaml', '--set', "a=it's"],
      [],
      "provision up 'my file.yaml' --set 'a=it'\\''s'",
    ],
  ])('is the same command %s', (_name, argv, hosts, expected) =>
    expect(resumeCommand({ program: 'provision', argv }, hosts)).toBe(expected),
  )
})
