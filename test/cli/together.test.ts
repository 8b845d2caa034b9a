import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { identityProbe } from '../../src/cluster/requirements/identity.ts'
import { type Compiled, compile, play, section } from '../../src/core/play.ts'
import { told } from '../../src/core/told.ts'
import type { Host } from '../../src/inventory/inventory.ts'
import { FakeOffice } from '../support/fake-run.ts'
import { LocalSession } from '../support/local-session.ts'

/** Hosts that are this machine, under several names: each is well, and together they are not, for they have one machine id. */
class OneMachine extends FakeOffice {
  readonly sessions: LocalSession[] = []

  constructor() {
    super()
    const parts = this.hosts.parts()
    this.hosts.parts = () => ({
      ...parts,
      compile: async (_inventory, hosts) => hosts.map(identityOf),
      connect: async () => async (name) => {
        const session = new LocalSession(name)
        this.sessions.push(session)
        return session
      },
    })
  }
}

/** Asked after as any requirement is. */
function identityOf(host: Host): Compiled {
  const giver = { give: () => undefined, withhold: () => undefined }
  const seen = told({ key: 'requirement:seen', title: 'seen', probes: [identityProbe], gives: giver })
  return compile(play<Host>('p', [section('Verify', 'verify', () => [seen])]), host)
}

let office: OneMachine
beforeEach(() => {
  office = new OneMachine()
})
afterEach(() => office.remove())

describe('hosts that are unfit only beside each other', () => {
  it('are so in the recap of up, in its closing line and in its exit code', async () => {
    const { code, out } = await office.run(['up', office.inventory('a', 'b'), '--yes'])
    expect(code).toBe(4)
    expect(out).toMatch(/machine id [0-9a-f]{32} shared with b/)
    expect(out).toMatch(/^ +host +verdict +changed +unmet +time/m)
    expect(out).toMatch(/^✗ a +unmet +0 +1 /m)
    expect(out).toMatch(/^✗ b +unmet +0 +1 /m)
    expect(out).toContain('2 of 2 hosts not done')
    expect(out).not.toContain('nothing to change')
    expect(office.sessions.flatMap(({ jobs }) => jobs)).toEqual([])
  })
  it('are so in a dry run and in a check', async () => {
    const path = office.inventory('a', 'b')
    const look = await office.run(['up', path, '--dry-run', '--detailed-exitcode'])
    expect(look).toMatchObject({ code: 4, out: expect.stringContaining('2 of 2 hosts may not be changed; this was') })
    const check = await office.run(['check', path])
    expect(check).toMatchObject({ code: 4, out: expect.stringContaining('2 of 2 hosts may not be changed (') })
    expect(check.out).toMatch(/^\[a\] .* unmet after /m)
  })
  it('are well alone', async () => {
    const { code, out } = await office.run(['up', office.inventory('a'), '--yes'])
    expect(code).toBe(0)
    expect(out).toContain('nothing to change: 1 host as wanted')
  })
})
