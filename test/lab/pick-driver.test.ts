import { describe, expect, it } from 'vitest'
import type { Possible } from '../../src/lab/machine.ts'
import { type HostFacts, pickDriver } from '../../src/lab/pick-driver.ts'

const yes: Possible = { ok: true }
const no = (why: string, fix?: string): Possible => ({ ok: false, why, ...(fix ? { fix } : {}) })
const facts = (kvm: HostFacts['kvm'], uml: Possible, qemu: Possible, container: Possible): HostFacts => ({
  kvm,
  possible: { uml, qemu, container },
})
const root = no('it takes root', 'use sudo')

describe('auto', () => {
  it.each([
    ['KVM that booted a guest', facts('boots', yes, yes, yes), 'cluster', ['qemu', /KVM was seen to boot/]],
    ['KVM nobody tried', facts('untried', yes, yes, yes), 'cluster', ['uml', /not tried/]],
    ['KVM that hangs', facts('hangs', yes, yes, yes), 'preparation', ['uml', /did not boot/]],
    ['no KVM', facts('absent', yes, yes, yes), 'cluster', ['uml', /no KVM.*native speed/]],
    ['KVM that boots, but no way to use it', facts('boots', yes, root, yes), 'cluster', ['uml', /native speed/]],
    [
      'no user-mode Linux, for a cluster',
      facts('hangs', no('it is arm64'), yes, yes),
      'cluster',
      ['qemu', /it is arm64.*slower/],
    ],
    [
      'no user-mode Linux, for preparation',
      facts('absent', root, yes, yes),
      'preparation',
      ['container', /takes root/],
    ],
  ] as const)('with %s picks and says why', (_, known, purpose, [driver, why]) => {
    const choice = pickDriver(known, purpose)
    expect(choice.driver).toBe(driver)
    expect(choice.why).toMatch(why)
  })
  it('never takes a container for a cluster, and names every reason and the first fix', () => {
    expect(() => pickDriver(facts('absent', root, root, yes), 'cluster')).toThrow(
      expect.objectContaining({
        trouble: expect.objectContaining({
          why: 'uml: it takes root; qemu: it takes root; container: it could',
          fix: 'use sudo',
        }),
      }),
    )
  })
})
