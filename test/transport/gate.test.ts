import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { Gate } from '../../src/transport/gate.ts'
import { PhaseTimer } from '../../src/transport/phase-timer.ts'

const never = new AbortController().signal

describe('Gate', () => {
  it('lets so many in at once, in the order they came', async () => {
    const gate = new Gate(3)
    const order: number[] = []
    let inside = 0
    let most = 0
    const work = (i: number) =>
      gate.through(never, async () => {
        order.push(i)
        most = Math.max(most, ++inside)
        await sleep(1)
        inside--
      })
    await Promise.all(Array.from({ length: 20 }, (_, i) => work(i)))
    expect(most).toBe(3)
    expect(order).toEqual(Array.from({ length: 20 }, (_, i) => i))
  })

  it('is not blocked by work that fails', async () => {
    const gate = new Gate(1)
    await expect(gate.through(never, () => Promise.reject(new Error('x')))).rejects.toThrow('x')
    expect(await gate.through(never, async () => 'in')).toBe('in')
  })

  it('lets those leave who no longer want in', async () => {
    const gate = new Gate(1)
    const stop = new AbortController()
    const first = Promise.withResolvers<void>()
    const running = gate.through(never, () => first.promise)
    const waiting = gate.through(stop.signal, async () => expect.fail('got in'))
    const after = gate.through(never, async () => 'after')
    stop.abort(new Error('left'))
    await expect(waiting).rejects.toThrow('left')
    first.resolve()
    await running
    expect(await after).toBe('after')
    await expect(gate.through(stop.signal, async () => {})).rejects.toThrow('left')
  })
})

describe('PhaseTimer', () => {
  it('expires with the phase it is in, and not while paused', async () => {
    const expired: string[] = []
    const timer = new PhaseTimer((phase, ms) => expired.push(`${phase} ${ms}`))
    timer.start('one', 60)
    timer.start('two', 60)
    timer.pause()
    await sleep(120)
    expect(expired).toEqual([])
    timer.resume()
    await sleep(200)
    expect(expired).toEqual(['two 60'])
    timer.start('three', 20)
    timer.stop()
    await sleep(60)
    expect(expired).toHaveLength(1)
  })
})
