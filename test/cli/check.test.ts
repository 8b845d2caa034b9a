import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FakeOffice } from '../support/fake-run.ts'

let office: FakeOffice
beforeEach(() => {
  office = new FakeOffice()
})
afterEach(() => office.remove())

describe('check', () => {
  it('shows every requirement, also those that are met, and changes nothing', async () => {
    const { code, out } = await office.run(['check', office.inventory('a')])
    expect(code).toBe(0)
    expect(out).toContain('✓ memory [memory]: 1 GiB')
    expect(out).toContain('1 host good enough')
    expect(out).not.toContain('note:first')
    expect(office.hosts.sessions.flatMap(({ jobs }) => jobs)).toEqual([])
  })
  it('says 4 and names what is wrong on every host at once', async () => {
    office.hosts.unmet.add('b').add('c')
    const { code, out } = await office.run(['check', office.inventory('a', 'b', 'c')])
    expect(code).toBe(4)
    expect(out).toContain('b, c (the same on 2 hosts): 1 requirement unmet')
    expect(out).toContain('2 of 3 hosts may not be changed')
  })
  it('says 5 for a host that is not there, and still judges the others', async () => {
    office.hosts.gone.add('a')
    const { code, out } = await office.run(['check', office.inventory('a', 'b')])
    expect(code).toBe(5)
    expect(out).toContain('✗ a\n  a does not answer')
    expect(out).toContain('✓ memory')
    expect(out).toContain('\n1 host could not be looked at (')
    expect(out).not.toContain('good enough')
  })
})
