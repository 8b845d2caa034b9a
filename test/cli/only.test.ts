import { describe, expect, it } from 'vitest'
import { onlyRequirements, onlyTags } from '../../src/cli/only.ts'
import { later } from '../../src/core/later.ts'
import { compile, play, section } from '../../src/core/play.ts'
import { requirement } from '../../src/core/requirement.ts'
import type { Resource } from '../../src/core/resource.ts'
import { Value } from '../../src/core/value.ts'

const plain = (key: Resource['key'], after: Resource['after'] = []): Resource => ({
  key,
  title: key,
  after,
  paths: [],
  probes: [],
  guards: [],
  closer: () => [],
  decide: () => ({ verdict: 'same' }),
})
const finding = { id: 'm', met: true, evidence: '', threshold: '', severity: 'required' } as const
const value = Promise.withResolvers<string>()
const compiled = compile(
  play('p', [
    section('Verify', 'verify', () => [requirement({ id: 'm', title: 'm', probes: [], judge: () => finding })]),
    section('One', 'one', () => [plain('a:1')]),
    section('Two', 'two', () => [
      plain('b:1', ['a:1']),
      later('c:1', new Value('v', value.promise), () => plain('c:1'), { after: ['a:1', 'b:1'] }),
    ]),
  ]),
  { name: 'h' },
)
const keys = (some: typeof compiled) => some.resources.map(({ resource }) => resource.key)

const only = (tag: string) => onlyTags([compiled], [tag])[0] ?? { host: '', resources: [] }

describe('onlyTags', () => {
  it('is everything without tags', () => expect(onlyTags([compiled], [])).toEqual([compiled]))
  it('keeps requirements', () => expect(keys(only('one'))).toEqual(['requirement:m', 'a:1']))
  it('waits for nothing that is not there', () => {
    const [, b, c] = only('two').resources
    expect(b?.resource.after).toEqual([])
    expect(c?.resource.after).toEqual(['b:1'])
  })
  it('still learns what a value brings', async () => {
    const [, , c] = only('two').resources
    expect(c?.resource.value?.known).toBe(false)
    value.resolve('x')
    await value.promise
    expect(c?.resource.decide({ get: () => undefined as never, identity: () => [] })).toEqual({ verdict: 'same' })
  })
  it('refuses a tag nobody has', () => expect(() => only('tow')).toThrow(/no section is tagged "tow"/))
})

describe('onlyRequirements', () => {
  it('leaves nothing that could change a host', () =>
    expect(keys(onlyRequirements(compiled))).toEqual(['requirement:m']))
})
