import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { measureBetween } from '../../../src/cli/between.ts'
import type { EventBody } from '../../../src/core/events.ts'
import { matrixLines } from '../../../src/render/matrix.ts'
import { PLAIN } from '../../../src/render/paint.ts'
import { Namespaces } from '../../support/namespaces.ts'
import { nodeOf, ONE_NODE } from '../../support/node.ts'

let lan: Namespaces
beforeEach(() => {
  lan = new Namespaces('between', ['n1', 'n2', 'n3'])
})
afterEach(() => lan[Symbol.dispose]())

const never = new AbortController().signal

describe('before a run', () => {
  it('what is between hosts is measured over the sessions of the run', async () => {
    lan.lan('ip', 'link', 'set', 'to-n3', 'mtu', '1400')
    const { inventory, host } = nodeOf(ONE_NODE)
    const events: EventBody[] = []
    // n4 is switched off.
    const sessions = ['n1', 'n2', 'n3'].map((name) => lan.session(name))
    const between = await measureBetween({
      inventory: { network: { ...inventory.network, mtu: 1450 }, hosts: [host, host, host, host] },
      hosts: ['n1', 'n2', 'n3', 'n4'].map((name) => ({
        ...host,
        name,
        roles: [name === 'n1' ? 'control-plane' : 'worker'],
      })),
      addressOf: (name) => (name === 'n4' ? undefined : lan.address(name)),
      sessions,
      signal: never,
      report: (event) => events.push(event),
      clock: () => performance.now(),
    })
    expect(between.mtu).toMatchObject({
      pods: { bytes: 1350, arithmetic: expect.stringContaining('− 50 (VXLAN over IPv4) = 1350') },
      cardBytes: 1500,
      // Of the fourth host nothing is known.
      isWhole: false,
    })
    const told = [...between.findings].map(([name, list]) => [
      name,
      list.filter(({ met }) => !met).map(({ id, severity }) => `${id} ${severity}`),
    ])
    expect(told).toEqual([
      ['n1', ['path-mtu required']],
      ['n2', ['path-mtu required']],
      ['n3', ['path-mtu required']],
      ['n4', ['reach advised']],
    ])
    expect(
      between.matrices.flatMap((matrix) => matrixLines(matrix, { paint: PLAIN, columns: 80 })).join('\n'),
    ).toContain('  ! n1 → n3 1400: the card takes 1500')
    expect(events.at(0)).toMatchObject({ type: 'task', state: 'start' })
    expect(events.at(-1)).toMatchObject({ type: 'task', state: 'ok' })
    expect(sessions.map(({ counters }) => counters.channels)).toEqual([1, 1, 1])
  })
})
