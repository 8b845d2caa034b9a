import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Deferred } from '../../src/core/deferred.ts'
import { compile, play, section } from '../../src/core/play.ts'
import { unlessProbe } from '../../src/facts/unless.ts'
import type { Host } from '../../src/inventory/inventory.ts'
import { command } from '../../src/resources/command.ts'
import { FakeOffice } from '../support/fake-run.ts'
import { LocalSession } from '../support/local-session.ts'

/** Hosts that are folders: `w1` needs what `a` makes, and a run of `w1` alone visits `a` for nothing else. */
class Lending extends FakeOffice {
  readonly connected: string[] = []

  constructor() {
    super()
    const parts = this.hosts.parts()
    this.hosts.parts = () => ({
      ...parts,
      compile: async (_inventory, hosts, { letsIn }) => {
        const ticket = new Deferred(`right to join from ${letsIn?.name}`, () => 'yes')
        const lender = letsIn ? [{ ...this.#compiled(letsIn, ticket), onDemand: ticket.demanded }] : []
        return [...lender, ...hosts.map((host) => this.#compiled(host, ticket))]
      },
      connect: async () => async (name) => {
        this.connected.push(name)
        return new LocalSession(name)
      },
    })
  }

  path(host: string): string {
    return join(this.folder, host)
  }

  #compiled(host: Host, ticket: Deferred<string>) {
    const isWorker = host.roles.includes('worker')
    const there = unlessProbe(`[ -e ${this.path(host.name)} ]`)
    const made = command(
      {
        name: isWorker ? 'join' : 'let in',
        probes: [there],
        holds: (answers) => (answers.get(there) ? 'there' : undefined),
        run: `: >${this.path(host.name)}`,
        timeoutMs: 10_000,
      },
      isWorker ? { until: ticket.value } : { gives: ticket },
    )
    return compile(play<Host>('p', [section('Join', 'join', () => [made])]), host)
  }
}

let office: Lending
beforeEach(() => {
  office = new Lending()
})
afterEach(() => office.remove())

describe('a plan of one host that another must let in', () => {
  const saved = () => join(office.folder, 'p.json')
  const save = () => office.run(['up', office.inventory('a', 'w1'), '--limit', 'w1', '--dry-run', '--out', saved()])
  const carryOut = () => office.run(['up', office.inventory('a', 'w1'), '--limit', 'w1', '--plan', saved()])

  it('shows what is done to the other, and can be carried out as it was saved', async () => {
    const look = await save()
    expect(look.code, look.out + look.err).toBe(0)
    expect(look.out).toMatch(/^a: 1 to change/m)
    expect(JSON.parse(readFileSync(saved(), 'utf8')).hosts.map(({ host }: { host: string }) => host)).toEqual([
      'a',
      'w1',
    ])
    expect([existsSync(office.path('a')), existsSync(office.path('w1'))]).toEqual([false, false])
    const done = await carryOut()
    expect(done.code, done.out + done.err).toBe(0)
    expect([existsSync(office.path('a')), existsSync(office.path('w1'))]).toEqual([true, true])
    expect(done.out).toContain('done: 2 changes on 2 hosts')
  })

  it('is refused where the other moved since, and then nothing is done to either', async () => {
    await save()
    writeFileSync(office.path('a'), '')
    const { code, out } = await carryOut()
    expect(code).not.toBe(0)
    expect(out).toContain('a is no longer what the saved plan saw')
    expect(existsSync(office.path('w1'))).toBe(false)
  })

  it('leaves the other alone where the host is in already', async () => {
    writeFileSync(office.path('w1'), '')
    const { code, out } = await save()
    expect([code, office.connected]).toEqual([0, ['w1']])
    expect(out).toContain('nothing to change')
  })
})
